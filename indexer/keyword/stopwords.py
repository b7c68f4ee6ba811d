"""Words of a question that say nothing about its subject, by ISO 639-1 code.

They leave queries only, never documents, and only while other words remain. Question words
matter most: they are rare in documents, so BM25 would weigh them as if they were content.
Apostrophes part words (`don't` → `don`, `t`), hence the fragments. All are case folded.
"""

from __future__ import annotations

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
}  # fmt: skip

STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _LISTS.items()
}
