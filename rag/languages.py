"""What answering must know of a language: how it asks, points back, counts and denies.

Four languages are written out (English, German, Spanish, French). In any other nothing is
expected of a sentence and no question counts as a follow-up by its pronouns: search and
quotation go on, only these refinements are missing. Data, and the choice among it; no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from indexer.keyword.stopwords import STOP_WORDS


@dataclass(frozen=True, slots=True)
class Language:
    """Patterns of one language; all ignore case.

    `when`, `how_many`, `who`, `where`: what a question asks for. `connective`, `preposition`,
    `pronoun`, `bare`, `asking`: how a follow-up is told from a question of its own
    (`expletive` is the pronoun that stands for nothing, `person` the one that means a person).
    `anaphor` opens a sentence that cannot be read without the one before, `example` one that
    shows a rule at work and does not say it. `numbers` are
    number words by value; `months` lists the twelve; `denial` finds a negation, `causal` a
    reason given; `doubt` is "are you sure?", `why` a bare question for the reason, `condition`
    opens an "if"; `often` finds how often something happens, `contact` a question for an address.
    """

    code: str
    when: re.Pattern[str]
    how_many: re.Pattern[str]
    who: re.Pattern[str]
    where: re.Pattern[str]
    connective: re.Pattern[str]
    preposition: re.Pattern[str]
    pronoun: re.Pattern[str]
    expletive: re.Pattern[str]
    person: re.Pattern[str]
    bare: re.Pattern[str]
    asking: re.Pattern[str]
    anaphor: re.Pattern[str]
    example: re.Pattern[str]
    denial: re.Pattern[str]
    causal: re.Pattern[str]
    doubt: re.Pattern[str]
    why: re.Pattern[str]
    condition: re.Pattern[str]
    often: re.Pattern[str]
    contact: re.Pattern[str]
    numbers: dict[str, float]
    months: tuple[str, ...]


def _words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{alternatives})\b", re.IGNORECASE)


def _opening(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{alternatives})(?!\w)", re.IGNORECASE)


def _whole(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{alternatives})\W*$", re.IGNORECASE)


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split())


def _count(words: str) -> dict[str, float]:
    """Number words in order from nought, or `word=value`; case folded, as they are looked up."""
    values: dict[str, float] = {}
    for place, word in enumerate(words.casefold().split()):
        name, _, value = word.partition("=")
        values[name] = float(value) if value else float(place)
    return values


def _german_compounds() -> str:
    """`zwanzig=20 einundzwanzig=21 …`, `zweihundert=200 …`, `zweitausend=2000 …`."""
    units = _list("ein zwei drei vier fünf sechs sieben acht neun")
    tens = _list("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
    words = []
    for ten, name in enumerate(tens, start=2):
        words.append(f"{name}={10 * ten}")
        words += [f"{unit}und{name}={10 * ten + n}" for n, unit in enumerate(units, start=1)]
    for n, unit in enumerate(units, start=1):
        words += [f"{unit}hundert={100 * n}", f"{unit}tausend={1000 * n}"]
    return " ".join(words)


_ENGLISH = Language(
    code="en",
    when=_words(
        "when|(?:what|which) (?:year|month|day|date|century|decade|season|time)|deadline|how soon"
    ),
    how_many=_words(
        "how (?:many|much|long|often|old|far|tall|high|big|large|fast|deep|wide|heavy)"
        "|what (?:do|does|did|would|will) (?:\\w+ ){1,6}cost"
        "|(?:what|which) (?:salary|wages?|price|fee|rent|deposit|premium)"
        "|what (?:percent|percentage|number|amount|portion|share|fraction|age)"
        "|what(?: is| are|'s| was| were) the (?:[\\w-]+ ){0,3}(?:number|amount|total|maximum"
        "|minimum|limit|cost|costs|price|fee|rate|percentage|population|deductible|premium|salary|budget"
        "|fine|duration|distance|size|height|length|weight|speed|temperature)"
    ),
    who=_words("who|whom|whose"),
    where=_words("where|(?:what|which) (?:city|country|state|town|place)"),
    connective=_opening(
        "(?:(?:and|but|or|also|so|ok|okay|yes|no|then)[\\s,]+)*"
        "(?:and|but|or|also|what about|how about|what if|same for|what of)"
    ),
    preposition=_opening("for|of|with|without|in|on|at|under|during|after|before|to|from|by"),
    pronoun=_words(
        "it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|there|the same"
        "|which one|which of|(?:does|is|was|did|can|will|would|do|about|of|for|to|with|by|after"
        "|before) that"
        "|that (?:plan|one|rule|policy|case|amount|limit|deadline|person|company|part)"
    ),
    expletive=_words(
        "(?:is|was|will|would|can|could|should|does|did) it (?:\\w+ ){0,2}?(?:possible|allowed"
        "|necessary|required|okay|ok|safe|legal|better|take|matter|cost|mean|be)"
        "(?=.* (?:to|that|if|whether|when|for) )"
        "|there (?:is|are|was|were|be|a|an|any|no)|(?:is|are|was|were|will) there"
        "|this (?:year|month|week|quarter|morning)"
    ),
    person=_words("he|him|his|she|her|hers|they|them|their"),
    bare=_whole(
        "why(?: not)?|how(?: so| long| much| many| often| far| come)?|when|where|who"
        "|which(?: one| of .*)?|since when|until when|(?:what|who|where|anything) else|really"
    ),
    asking=_opening(
        "who|what|what's|when|where|why|how|which|whose|whom|is|are|was|were|do|does|did|can|could"
        "|may|must|should|shall|will|would|has|have|had|am|tell|explain|describe|list|give"
        "|show|whats"
    ),
    anaphor=_opening(
        "it|its|they|their|them|he|his|she|her|this|these|those|that|such|both|the (?:latter|former"
        "|same)|however|but|therefore|thus|hence|also|in addition|as a result|otherwise|instead"
        "|then|in (?:this|that|such a) case|in these cases"
    ),
    example=_opening("for example|for instance|as an example|e\\.g\\.|suppose"),
    denial=_words(
        "(?<!or )not(?! (?:only|just|later|earlier|less|more|fewer)\\b)"
        "|(?<!or )no(?! (?:later|earlier|sooner|less|more|fewer) than\\b| matter\\b)"
        "|never|none|nobody|nothing|neither|nor|without|cannot|\\w+n['’]t|unable"
    ),
    causal=_words(
        "because|since|due to|so that|in order to|reason|therefore|to (?:avoid|ensure|prevent"
        "|protect)"
    ),
    doubt=_whole(
        "(?:are you (?:really )?(?:sure|certain)|really|is that (?:so|true|right|correct)"
        "|says who|where does it say (?:so|that))"
    ),
    why=_words("why(?: not| so| is that)?|how come"),
    condition=_opening("if|when|unless|because"),
    often=_words(
        "(?:bi)?(?:annually|yearly|monthly|weekly|daily|hourly|quarterly)|every|each (?:year"
        "|month|week|day)|once|twice|per (?:year|month|week|day)|a (?:year|month|week|day)"
    ),
    contact=_words(
        "(?:phone|telephone|fax) number|e-?mail(?: address)?|website|web site|hotline|(?:whom?"
        "|where) (?:do|can|should|must|may) (?:i|we|you|one|employees"
        "|members) (?:\\w+ )?(?:write|contact|call|e-?mail|turn|reach)|how (?:do|can"
        "|should) (?:i|we|you|one) (?:contact|reach|call)"
    ),
    numbers=_count(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty=30 forty=40 fifty=50 sixty=60 "
        "seventy=70 eighty=80 ninety=90 hundred=100 thousand=1000 million=1e6 billion=1e9 "
        "bn=1e9 half=0.5 once=1 twice=2 double=2 fortnight=14 first=1 second=2 third=3 fourth=4 "
        "fifth=5"
    ),
    months=_list(
        "january february march april may june july august september october november december"
    ),
)

_GERMAN = Language(
    code="de",
    when=_words("wann|(?:welche[smnr]?) (?:jahr|monat|tag|datum|jahrhundert|jahrzehnt)|bis wann"),
    how_many=_words(
        "wie ?viele?|wie (?:lange|oft|hoch|alt|weit|groß|schnell|teuer|schwer)"
        "|welche[rn]? (?:anteil|prozentsatz|anzahl|zahl|betrag)"
    ),
    who=_words("wer|wen|wem|wessen"),
    where=_words("wo|woher|wohin|welche[rmns]? (?:stadt|land|ort)"),
    connective=_opening(
        "und|aber|oder|auch|was ist mit|wie (?:ist|sieht) es (?:aus )?(?:mit|bei|für)|gilt das auch"
    ),
    preposition=_opening("für|mit|ohne|bei|im|in|nach|vor|während|ab|seit|bis|von|zu|auf|an"),
    pronoun=_words(
        "er|sie|es|ihm|ihn|ihnen|ihr|ihre[nmrs]?|sein|seine[nmrs]?|dies|diese[nmrs]?|das|dort"
        "|dafür|davon|dazu|damit|darin|daran"
    ),
    expletive=_words(
        "gibt es|es gibt|ist es \\w+, |wie ist es möglich|was ist das|sie sich|das (?=[A-ZÄÖÜ])"
        "|das \\w+e[rsn]? \\w+|ihr sein"
    ),
    person=_words("er|ihn|ihm|sie|ihr|ihre[nmrs]?|sein|seine[nmrs]?|ihnen"),
    bare=_whole(
        "warum(?: nicht)?|wieso|wie(?: lange| viel| viele| oft| hoch)?|wann|wo|wer|seit wann"
        "|bis wann|was noch|sonst noch etwas|welche[rs]?"
    ),
    asking=_opening(
        "wer|wen|wem|wessen|was|wann|wo|woher|wohin|warum|wieso|weshalb|wie|wieviele?|welche[rsnm]?"
        "|ist|sind|war|waren|kann|können|darf|dürfen|muss|müssen|soll|gibt|hat|haben|wird|werden"
        "|gilt|bekomme|erhalte"
    ),
    anaphor=_opening(
        "er|sie|es|ihre?|seine?|diese[rsnm]?|dies|das|beide|solche|jedoch|aber|daher|deshalb|auch"
        "|außerdem|dann|sonst|andernfalls|in (?:diesem|dem) fall"
    ),
    example=_opening("zum beispiel|beispielsweise|z\\. ?b\\.|als beispiel|angenommen"),
    denial=_words("nicht(?! nur)|kein|keine[nmrs]?|nie|niemals|niemand|nichts|weder|ohne"),
    causal=_words("weil|da|wegen|damit|grund|gründe[n]?|deshalb|um \\w+ zu"),
    doubt=_whole(
        "(?:bist du (?:dir )?sicher|sind sie (?:sich )?sicher|wirklich|stimmt das|ist das so)"
    ),
    why=_words("warum(?: nicht)?|wieso|weshalb"),
    condition=_opening("wenn|falls|sofern|weil"),
    often=_words(
        "jährlich|monatlich|wöchentlich|täglich|stündlich|jede[nsrm]?|alle \\w+ (?:jahre"
        "|monate|wochen|tage)|einmal|zweimal|pro (?:jahr|monat|woche|tag)|im (?:jahr|monat)"
    ),
    contact=_words(
        "telefonnummer|faxnummer|e-?mail(?:-?adresse)?|webseite|hotline|an wen|wie erreiche"
    ),
    numbers=_count(
        "null ein=1 zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 "
        "zwölf=12 dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn hundert=100 "
        "tausend=1000 million=1e6 millionen=1e6 mio=1e6 milliarde=1e9 milliarden=1e9 mrd=1e9 "
        "hälfte=0.5 einmal=1 zweimal=2 dreimal=3 eins=1 eine=1 einen=1 " + _german_compounds()
    ),
    months=_list(
        "januar februar märz april mai juni juli august september oktober november dezember"
    ),
)

_SPANISH = Language(
    code="es",
    when=_words("cuándo|qué (?:año|mes|día|fecha|siglo|década)|fecha límite"),
    how_many=_words(
        "cuánt[oa]s?|qué (?:porcentaje|cantidad|número|edad)|cuál (?:es|era|fue) (?:el|la) "
        "(?:número|cantidad|total|máximo|mínimo|límite|precio|coste|costo|porcentaje|población)"
    ),
    who=_words("quién|quiénes"),
    where=_words("dónde|adónde|qué (?:ciudad|país|estado|lugar)"),
    connective=_opening("y|pero|o|también|qué (?:hay|pasa) (?:de|con)|lo mismo para"),
    preposition=_opening("para|con|sin|en|durante|por|después de|antes de"),
    pronoun=_words("ello|ella|ellos|ellas|él|eso|esto|ese|esa|esos|esas|su|sus|allí|ahí|lo mismo"),
    expletive=_words("esta semana|este (?:año|mes)"),
    person=_words("él|ella|ellos|ellas|su|sus"),
    bare=_whole(
        "por qué(?: no)?|cómo|cuánto(?: tiempo)?|cuántos|cuándo|dónde|quién|cuál|desde cuándo"
        "|qué más|algo más"
    ),
    asking=_opening(
        "qué|quién|quiénes|cuándo|dónde|cómo|cuál|cuáles|cuánt[oa]s?|por qué|es|son|hay|puedo|puede"
        "|pueden|debe|debo|tiene|tengo|está|están|fue|a qué|en qué|de qué|con qué|para qué"
    ),
    anaphor=_opening(
        "él|ella|ellos|ellas|esto|eso|este|esta|estos|estas|ese|esa|su|sus|ambos|sin embargo|pero"
        "|por (?:lo tanto|eso|ello)|también|además|entonces|en (?:este|ese|tal) caso"
    ),
    example=_opening("por ejemplo|a modo de ejemplo|supongamos"),
    denial=_words(
        "no|nunca|jamás|nadie|nada|ningún|ninguna|ninguno|ni|sin|excepto|salvo|prohibido"
    ),
    causal=_words("porque|debido a|para que|razón|motivo|por eso"),
    doubt=_whole("(?:¿?est[aá]s? segur[oa]|¿?seguro|¿?de verdad|¿?es cierto)"),
    why=_words("(?:y )?por qué(?: no)?"),
    condition=_opening("si|cuando|porque"),
    often=_words(
        "anual(?:mente)?|mensual(?:mente)?|semanal(?:mente)?|diari[oa]|diariamente|cada"
        "|una vez|dos veces|(?:por|al) (?:año|mes|semana|día)"
    ),
    contact=_words("número de teléfono|teléfono|correo(?: electrónico)?|página web|a quién"),
    numbers=_count(
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
        "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés "
        "veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve treinta=30 "
        "cuarenta=40 cincuenta=50 sesenta=60 setenta=70 ochenta=80 noventa=90 cien=100 ciento=100 "
        "doscientos=200 trescientos=300 cuatrocientos=400 quinientos=500 seiscientos=600 "
        "setecientos=700 ochocientos=800 novecientos=900 mil=1000 millón=1e6 millones=1e6 "
        "mitad=0.5 un=1 una=1"
    ),
    months=_list(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    ),
)

_FRENCH = Language(
    code="fr",
    when=_words("quand|quel(?:le)? (?:année|mois|jour|date|siècle)|date limite"),
    how_many=_words(
        "combien|quel(?:le)? (?:pourcentage|nombre|montant|âge)|quel(?:le)? (?:est|était) "
        "(?:le |la |l['’])(?:nombre|montant|total|maximum|minimum|limite|prix|coût|pourcentage"
        "|population)"
    ),
    who=_words("qui"),
    where=_words("où|quel(?:le)? (?:ville|pays|état|lieu)"),
    connective=_opening("et|mais|ou bien|aussi|qu['’]en est-il|même chose pour"),
    preposition=_opening("pour|avec|sans|chez|dans|pendant|après|avant|en"),
    pronoun=_words("il|elle|ils|elles|cela|ça|celui-ci|celle-ci|ceci|leur|leurs|son|sa|ses|lui"),
    expletive=_words("il y a|y a-t-il|est-il (?:possible|permis|nécessaire)|faut-il|il faut"),
    person=_words("il|elle|ils|elles|lui|son|sa|ses|leur|leurs"),
    bare=_whole(
        "pourquoi(?: pas)?|comment|combien(?: de temps)?|quand|où|qui|depuis quand|quoi d['’]autre"
        "|lequel|laquelle"
    ),
    asking=_opening(
        "qui|que|qu['’]\\w+|quoi|quand|où|comment|pourquoi|combien|quel(?:le)?s?|est|sont|peut|puis"
        "|peuvent|dois|doit|a|ont|faut|y a|à qu\\w+|de qu\\w+|en quoi|dans quel\\w*"
    ),
    anaphor=_opening(
        "il|elle|ils|elles|ceci|cela|ce|cet|cette|ces|son|sa|ses|leur|leurs|cependant|mais|donc"
        "|aussi|de plus|ensuite|sinon|toutefois|dans ce cas"
    ),
    example=_opening("par exemple|à titre d['’]exemple|supposons"),
    denial=_words("pas|jamais|rien|aucun|aucune|ni|sans"),
    causal=_words("parce que|car|afin|pour que|raison|à cause|en raison"),
    doubt=_whole("(?:(?:es-tu|êtes-vous|tu es|vous êtes) sûre?s?|vraiment|c['’]est vrai)"),
    why=_words("pourquoi(?: pas)?"),
    condition=_opening("si|quand|lorsque|parce que"),
    often=_words(
        "annuel(?:lement)?|mensuel(?:lement)?|hebdomadaire|quotidien(?:nement)?|chaque"
        "|tous les|toutes les|une fois|deux fois|par (?:an|mois|semaine|jour)"
    ),
    contact=_words(
        "numéro de téléphone|téléphone|adresse (?:e-?mail|électronique)|courriel|site web|à qui"
    ),
    numbers=_count(
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
        "seize vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 cent=100 "
        "cents=100 mille=1000 million=1e6 millions=1e6 milliard=1e9 milliards=1e9 moitié=0.5 une=1"
    ),
    months=_list(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    ),
)

ENGLISH = _ENGLISH
_BY_CODE = {one.code: one for one in (_ENGLISH, _GERMAN, _SPANISH, _FRENCH)}
MONTHS = frozenset(month for one in _BY_CODE.values() for month in one.months)
# What a language is recognised by beside its stop words: a question may be three words long.
_SIGNS = {"de": "äöüß", "es": "¿¡ñáíóú", "fr": "çèêëîïôûœàù"}
# … and by the verbs of short questions: "Was macht Snort?" has no other word of German alone.
_VERBS = {
    "de": frozenset(
        ["macht", "bedeutet", "heißt", "kostet", "dient", "lautet", "gilt", "gibt", "steht",
         "passiert", "liegt", "braucht"]
    ),
}  # fmt: skip


@lru_cache(maxsize=5_000)  # a question has a hundred sentences weighed, and the next one the same
def language_of(text: str) -> Language:
    """The language of a short text by its stop words; English where that leaves it open.

    A statistical guesser is wrong on three-word questions and takes 0.8 s to load.
    """
    words = re.findall(r"[^\W\d_]+", text.casefold())
    votes = {
        code: sum(word in STOP_WORDS[code] for word in words)
        + 0.5 * sum(sign in text.casefold() for sign in _SIGNS.get(code, ""))
        + sum(word in _VERBS.get(code, ()) for word in words)
        for code in _BY_CODE
    }
    return _BY_CODE[max(votes, key=lambda code: (votes[code], code == "en"))]


def written_in(code: str) -> Language:
    """The language with this ISO 639-1 code; English stands in where it is not written out."""
    return _BY_CODE.get(code, _ENGLISH)


def content_words(text: str, language: Language) -> list[str]:
    """The words of a text that are no stop words, as written."""
    stop = STOP_WORDS[language.code]
    words = re.findall(r"\w+(?:[-.'’]\w+)*", text)
    return [word for word in words if word.casefold() not in stop]
