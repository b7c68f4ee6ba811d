"""What a question asks for in languages that `rag.languages` does not write out.

Only question words that mean nothing else where the four written out are spoken.
"""

from __future__ import annotations

import re
from typing import Literal

_WHEN = (
    r"\b(?:quando|wanneer|når|hvornår|kiedy|когда|коли|кога|kdy|kedy|kdaj|mikor|milloin|când"
    r"|ne zaman|kapan|khi nào|bao giờ|πότε|متى|מתי)\b|कब|いつ|何[日月年時]|何时|何時"
    r"|(?:什么|什麼)(?:时候|時候)|哪(?:一)?[年天]|언제|며칠|몇 ?(?:월|년|일|시)|چه زمانی|เมื่อไ|เมื่อใด"
)
_HOW_MANY = (
    r"\b(?:quant[oiae]s?|hoeveel|hur (?:många|mycket|länge)|hvor (?:mange|meget|mye|lenge|længe)"
    r"|ile|сколько|скільки|колко|kolik|koľko|koliko|колико|mennyi|hány|(?:kuinka )?(?:monta|paljon)"
    r"|montako|paljonko|c[âa]te?|câți|kaç|ne kadar|berapa|bao nhiêu|πόσ(?:ο|οι|α|ες|η|ους)|كم|چند"
    r"|چقدر|כמה)\b|कितन|いくら|いくつ|何[人個回件歳冊台本枚円%％]|どれ(?:くらい|ぐらい|だけ)|多少"
    r"|[几幾](?=[个個点點天年月次位岁歲人])|얼마|몇|เท่าไ|เท่าใด|กี่"
)
_WHO = (
    r"\b(?:vem|hvem|quem|kto|кто|хто|кой|kdo|tko|cine|kuka|siapa|ποι(?:ος|α|οι)|מי)\b"
    r"|कौन|किसने|だれ|誰|谁|누가|누구|ใคร"
)
_WHERE = (
    r"\b(?:dove|onde|waar|hvor(?! (?:mange|meget|mye|lenge|længe))|gdzie|где|къде|kde|gdje|hol"
    r"|missä|unde|nerede|di mana|ở đâu|πού|أين|کجا|איפה)\b|कहाँ|どこ|哪[里裡儿]|在哪|어디|ที่ไหน"
)

# Each kind that is asked for with what asks for it; the first that is found holds.
ASKED: tuple[tuple[Literal["date", "number", "name"], re.Pattern[str]], ...] = (
    ("date", re.compile(_WHEN, re.IGNORECASE)),
    ("number", re.compile(_HOW_MANY, re.IGNORECASE)),
    ("name", re.compile(_WHO, re.IGNORECASE)),
    ("name", re.compile(_WHERE, re.IGNORECASE)),
)


def asked_elsewhere(text: str) -> bool:
    """Whether a question asks in one of these languages."""
    return any(pattern.search(text) for _, pattern in ASKED)
