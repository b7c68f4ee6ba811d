"""RTF's control words: which groups are read, and how characters and code pages are named."""

from __future__ import annotations

import re
from types import MappingProxyType

CHARSETS = MappingProxyType(
    {
        77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950",
        161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
        204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
    }
)  # fmt: skip
CHARACTERS = MappingProxyType(
    {
        "tab": " ", "line": " ", "page": " ", "column": " ", "emdash": "—", "endash": "–",
        "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
        "emspace": " ", "enspace": " ", "qmspace": " ", "zwj": "\u200d", "zwnj": "\u200c",
    }
)  # fmt: skip
# Groups whose text is on no page.
SKIPPED = frozenset(
    {
        "colortbl", "info", "objdata", "objclass", "themedata", "colorschememapping",
        "latentstyles", "datastore", "xmlnstbl", "listtable", "listoverridetable", "rsidtbl",
        "generator", "filetbl", "revtbl", "bkmkstart", "bkmkend", "tc", "tcn", "xe", "template",
        "nonshppict", "atnid", "atndate", "atnref", "atntime", "atnparent", "nonesttables",
        "shprslt", "pn", "pntxta", "pntxtb", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc", "ftncn",
        "aftncn", "pgptbl", "private", "passwordhash", "falt", "panose", "pnseclvl",
        "mmathPr", "docvar", "protusertbl", "userprops",
        "wgrffmtfilter",
    }
)  # fmt: skip
# Groups marked as unknown to old readers that are read all the same.
READ = frozenset(
    {
        "shpinst", "shptxt", "annotation", "atnauthor", "fldinst", "formfield", "ffl", "ud",
        "nesttableprops", "sn", "sv", "picprop", "shppict", "dptxbxtext", "do", "moMath",
        "moMathPara", "mmath",
    }
)  # fmt: skip
RUNNING = frozenset(
    {"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"}
)
BOXES = frozenset({"shptxt", "dptxbxtext"})
CAPTURED = frozenset(
    {
        "listtext",
        "pntext",
        "fldinst",
        "pict",
        "atnauthor",
        "ffl",
        "sn",
        "sv",
        "fonttbl",
        "stylesheet",
    }
)  # fmt: skip
PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
HEADING = re.compile(r"heading ([1-6])|title", re.IGNORECASE)
MOST_GROUPS = 2_000
MOST_NESTED = 20
SYMBOL_FONTS = frozenset({"symbol", "wingdings", "wingdings 2", "webdings"})
GROUPS = (
    SKIPPED | CAPTURED | RUNNING | BOXES
    | {"footnote", "annotation", "field", "fldrslt", "shpinst", "formfield", "nesttableprops"}
    | {"upr", "ud", "shppict", "picprop", "do"}
)  # fmt: skip
NOTE = re.compile(r"\\footnote(\s*\\ftnalt)?")
MATH_VALUES = frozenset({"chr", "begChr", "endChr", "sepChr", "type"})
MATH_SIGNS = frozenset({"mnaryPr", "mdPr", "mfPr"})
MATHS = frozenset(
    {
        "moMath", "mf", "mnum", "mden", "msSup", "msSub", "msSubSup", "msPre", "me", "msup", "msub",
        "mrad", "mdeg", "mnary", "mnaryPr", "md", "mdPr", "mfPr", "mfunc", "mfName", "mlimLow",
        "mlimUpp", "mlim", "mm", "mmr", "meqArr", "mr", "mchr", "mbegChr", "mendChr", "msepChr",
        "mtype",
    }
)  # fmt: skip
