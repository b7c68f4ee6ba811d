"""Words of a question that say nothing about its subject, by ISO 639-1 code.

They leave queries only, never documents, and only while other words remain. Question words
matter most: they are rare in documents, so BM25 would weigh them as if they were content.
Apostrophes part words (`don't` → `don`, `t`), hence the fragments. All are case folded.
"""

from __future__ import annotations

import re

_LISTS = {
    "en": """a about all also am an and any are as at be been being but by can could d did do does
        doing don for from had has have having he her here him his how i if in into is it its just
        ll m may me might more most much my no not of on one or our out over please re s shall she
        should so some such t tell than that the their them then there these they this those to
        us ve was we were what when where which while who whom whose why will with would you
        your""",
    "de": """aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bitte
        da dann das dass dein dem den denen der deren des dessen die dies diese diesem diesen
        dieser dieses doch du durch ein eine einem einen einer eines er es für gibt hat hatte
        hatten haben ich ihm ihn ihr ihre ihren im in ist ja kann kein keine können man mein mit
        muss nach nicht noch nun nur ob oder ohne sich sie sind so soll um und uns unter vom von
        vor wann war waren warum was wegen welche welchem welchen welcher welches wem wen wenn wer
        werden wessen wie wird wo wodurch wofür woher wohin worden worin wurde wurden während wir
        zu zum zur über""",
    "fr": """a ai ainsi au aux avec c ce ces cet cette combien comme comment d dans de des donc dont
        du elle elles en entre est et eu eux fut il ils j je l la le les leur leurs lors lorsque
        lui m ma mais me mes moi mon n ne nos notre nous on ont ou où par pas peut pendant plus
        pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont
        sous sur t ta te tes ton tu un une vos votre vous y à étaient était été être""",
    "es": """a al algo ante como con cual cuando cuanta cuantas cuanto cuantos cuya cuyo cuál cuáles
        cuándo cuánta cuántas cuánto cuántos cómo de del desde donde dónde durante e el ella ellas
        ellos en entre era eran es esa ese eso esta estaba este esto está están estas estos fue
        fueron ha había han hasta hay la las le les lo los más me mi mientras muy ni no nos o para
        pero por porque pues que qué quien quiénes quién se ser si sin sobre son su sus también te
        tiene tu un una unas uno unos y ya yo""",
    "it": """a ad agli ai al alla alle allo anche c che chi ci come con cosa cui d da dagli dai dal
        dalla dalle de dei degli del dell della delle dello di dove durante e ed era erano fu gli
        ha hanno i il in io l la le lei lo loro lui ma mentre mi nei nel nella nelle non o per
        perché più qual quale quali quando quante quanti quanto questa queste questi questo se si
        sono stata stati stato su sua sui sul sulla sulle suo suoi tra un una uno vi è""",
    "pt": """a ao aos as até com como cujo da das de depois do dos durante e ela elas ele eles em
        entre era eram essa esse esta este está eu foi foram há isso já lhe mais mas me mesmo na
        nas nem no nos não o onde os ou para pela pelo por porque porquê quais qual quando quanta
        quantas quanto quantos que quem se sem ser seu seus sobre sua suas são também te tem um
        uma umas uns à às é""",
    "nl": """aan al als bij dan dat de der deze die dit door een en er haar had hebben heeft hem het
        hij hoe hoeveel hun ik in is je kan met mijn naar niet nog nu of om onder ook op over te
        tot uit van veel voor waar waarom wanneer waren was wat welk welke we werd werden wie wil
        worden wordt zal ze zich zijn zo zou""",
    "sv": """alla att av de dem den det detta du där efter ej eller en ett från för ha hade han har
        hon hur hur i in inte jag kan man med men mot många mycket ni nu när och om på sig sin ska
        som så till under upp ut vad var varför vem vi vid vilka vilken vilket vilkens än är""",
    "da": """af alle at blev blive da de dem den der det dette du efter eller en er et for fra ham
        han har hende hun hvad hvem hvilke hvilken hvilket hvor hvordan hvorfor hvornår i ikke ind
        jeg kan man med men mod mange nu når og om op over på sig sin skal som så til ud under var
        ved vi vil""",
    "no": """alle at av ble bli da de dem den der det dette du eller en er et etter for fra han har
        hun hva hvem hvilke hvilken hvilket hvor hvordan hvorfor i ikke jeg kan man med men mot
        mange nå når og om opp over på seg sin skal som så til under ut var ved vi vil å""",
    "ru": """а без бы был была были было быть в вам вас весь во вот все всего вы где да для до его
        ее если есть еще же за и из или им их к как какая какие какое какой каков когда кого кому
        который которая которое которые кто куда ли между мне мы на над не него нее нет ни но о об
        он она они оно от по под почему при про с свой себя сколько со так также там то того тоже
        только том ты у уже чего чей чем что чтобы эта эти это этот я""",
    "pl": """a aby albo ale bez być był była było były ci co czy dla do gdy gdzie go i ich ile im
        jak jaka jaki jakie jako je jego jej jest już kiedy kto która które który ma mi na nad nie
        o od on ona one oni oraz po pod przez przy są się ta tak także te ten to tym u w we więc z
        za ze że""",
    "tr": """ama bir bu da daha de değil en gibi hangi hem her için ile ise kaç ki kim kime mi mu mı
        mü nasıl ne neden nedir nerede niçin o olan olarak oldu şu ve veya ya""",
    "hi": """अपने एक और कब कहाँ का कि कितना कितने किस किसने की कुछ के को कौन क्या क्यों कैसे जब
        जो तक तो था थी थे द्वारा ने पर भी में यह या ये रहा लिए वह वे से है हैं हो""",
    "ar": """أن أو أي أين إلى إن التي الذي الذين عن على في قد كان كانت كم كيف لا لم لماذا لن ما ماذا
        متى من هذا هذه هل هو هي و ثم بعد كل مع""",
    "el": """αν από αυτή αυτό αυτός για γιατί δε δεν είναι ένα ένας και κατά με μια να ο οι πού πόσα
        πόσο πότε που ποια ποιο ποιος πως πώς σε στη στην στο στον τα τη την της τι τις το τον του
        τους των η ή θα ως""",
    "ca": """a al als amb aquest aquesta aquests aquestes com de del dels des el els em en entre
        era es està estan hi ha han i l la les li no o on per però perquè qual quals quan quant
        quants quanta quantes que què qui s se ser sense seu seus seva són també té un una uns unes
        va""",
    "ro": """a acest această aceste acești ai al ale am are au ca când care câte câți cât ce cine
        cu cum de despre din după e ea ei el este eu fi fost în la mai mea nu o pe pentru prin sa
        sale sau se si și să sunt un una unde unei unui va vor""",
    "cs": """a aby ale ani až bez byl byla bylo byly být co do i jak jaká jaké jaký jako je jeho
        její jsem jsou k kam kde kdo kdy kolik která které který ke který má mezi na nad ne nebo
        než o od po pod pro proč proto při s se si tak také ten to tom u v ve však z za ze že""",
    "sk": """a aby ako aká aké aký ale alebo ani až bez bol bola bolo boli byť čo do i ich je jeho
        jej k kam kde kedy keď kto koľko ktorá ktoré ktorý ku má medzi na nad nie než o od po pod
        pre prečo pri s sa si so sú tak ten to tom u v vo však z za zo že""",
    "hr": """a ali bi bila bili bilo bio biti da do dok gdje i ili iz ja je jesu kada kad kako
        kakav kakva kakvo koja koje koji koliko kod li na nad ne nego nije o od po pod pri s sa se
        što su tko to u uz za zašto""",
    "sl": """a ali bi bil bila bilo bo da do ga in iz je jih k kaj kako kakšen kakšna kam kateri
        katera katere kdaj kdo ki kje ko koliko na ne ni o ob od po pod pri s se so ta te to v z za
        zakaj že""",
    "hu": """a az és de egy ez ezek hogy hol honnan hová hány ha is ki kik kinek mely melyik melyek
        mennyi mi miért mikor mit milyen meg nem ne van vannak volt lesz vagy csak már még s""",
    "fi": """ei en että hän he ja jos joka jotka kuinka kuka ketkä kun koska kenen mikä mitkä mitä
        missä miksi milloin millainen minne mistä monta montako myös ne niin oli olivat on ovat
        paljonko se sekä tai tämä voi voiko vai""",
    "et": """ei et ja ka kas kes kelle kuhu kui kuidas kus kust mida mille millal milline millised
        mis miks mitu on oli oma see selle siis ta te või nii ning""",
    "id": """ada adalah akan apa apakah bagaimana bagi bahwa berapa bisa dalam dan dapat dari
        dengan di harus ini itu ke kapan karena kenapa kepada mana mengapa oleh pada saja saya
        sebuah siapa tidak untuk yang atau""",
    "vi": """ai bao bị bằng các cái cho có của do đã để đến được gì hay khi không là lại làm lúc mà
        mấy một nào này nhiêu như những nếu ở ra sao sẽ tại thế thì trong từ và vào về vì với
        đâu""",
    "uk": """а але б без був була були було бути в ви від він вона вони воно все всі для до є ж за
        з і із їх й його її коли котрий куди ли між ми на над не ні о об один по під при про та так
        також те ти тільки то той у хто це цей ця чи чий чого чому що щоб як яка яке який які якого
        скільки де я""",
    "bg": """а ако але без беше бил била в във все всички въпреки где да до за защо и из или им как
        какво какви каква какъв кога когато който която което които кой кое кои колко къде ли ми на
        над не него него ни но о от по под при с са се си след със сме съм те то това тази този
        тези у че ще я е""",
    "sr": """а али би била били било био бити да до где и или из ја је јесу када кад како какав
        каква која које који колико код ко ли на над не него није о од по под при с са се шта што
        су то у уз за зашто""",
    "fa": """از است این آن آیا با باید بر برای بود به تا چرا چگونه چطور چقدر چند چه چیست خود در
        دارد را شد شود کجا که کدام کی کیست می نمی و هر هست هم یا یک""",
    "he": """או אין את אם אני אנחנו איך איפה איזה אילו אילו אלו במה גם הוא היא הם הן האם זה זו זאת
        יש כמה כי כל לא למה לאן לי מה מהו מהי מי מדוע מתי מן על עם של שלא""",
}  # fmt: skip

# The scripts that so few languages share that a question's own words tell which these are, whatever
# the documents are in: its stop words leave the question even where the document was too short to
# tell its language, or was taken for a neighbour's.
OF_SCRIPT: dict[str, tuple[str, ...]] = {
    "cyrillic": ("ru", "uk", "bg", "sr"),
    "greek": ("el",),
    "arabic": ("ar", "fa"),
    "devanagari": ("hi",),
    "hebrew": ("he",),
}

STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _LISTS.items()
}

# What asks in scripts without blanks, with the particles around it; it would become pairs of
# characters that are rare in documents, and weigh more than what is asked about.
ASKING = re.compile(
    # Japanese: "…はいつですか", "…について教えてください", "いくらかかりますか"
    r"(?:について|に関して|とは|[はがをもにで])?"
    r"(?:いつ(?:まで|から|に)?|どこ(?:で|に|へ|から|まで)?|だれ|誰|何(?:時|人|日|年|月|回|件|歳|個|円)?"
    r"|なに|なん|どれ(?:くらい|ぐらい)?|どの(?:ように|くらい|ような)?|どちら|どう(?:して|やって)?"
    r"|なぜ|いくら|いくつ)(?:が|を|の|に|と|も)?"
    r"(?:(?:です|ます|でした|ました|でしょう|なの|なります|あります|ありますか|必要です)か?)?"
    r"|(?:について|を)?(?:教えて|説明して)(?:ください|下さい|くれますか)?"
    r"|(?:[はがを]|は)?(?:あり|でき|し|され)?(?:でしょう|です|ます|ました|でした|ません)か(?=\W|$)"
    r"|[はがを](?=\s*[?？。]|\s*$)"
    # Chinese
    r"|请问|請問|什么(?:时候|時候)?|什麼(?:時候)?|怎么样?|怎麼樣?|怎样|怎樣|如何|为什么|為什麼|为何|為何"
    r"|谁|誰|哪(?:里|裡|儿|些|个|個|种|種|一)?|多少|何时|何時|几(?=[个点天年月次位岁])|是否|有没有|有沒有"
    r"|能不能|可不可以|[吗嗎呢](?=\W|$)"
    # Korean
    r"|무엇(?:을|이|인가요|입니까)?|무슨|언제(?:까지|부터|인가요|입니까)?|어디(?:에서|에|서|로|인가요)?"
    r"|누구(?:의|를|에게|인가요)?|누가|왜|어떻게|어떤|어느|얼마나?|(?<![가-힣])몇"
    r"|(?:인가요|입니까|합니까|됩니까|있나요|하나요|되나요|나요|까요|습니까)(?=\W|$)"
    # Thai
    r"|อะไร|เมื่อไหร่|เมื่อไร|เมื่อใด|ที่ไหน|ใคร|ทำไม|อย่างไร|ยังไง|เท่าไหร่|เท่าไร|เท่าใด|กี่|หรือไม่|ไหม|บ้าง(?=\W|$)"
)
