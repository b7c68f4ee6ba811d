"""What other homes ask this one, to search both as one: `/api/v1/parts`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from footnote.api import errors, schemas
from footnote.api.caller import Caller

router = APIRouter(prefix="/api/v1", tags=["parts"])


@router.post("/parts", response_model=schemas.PartSaid)
def parts(wanted: schemas.PartAsked, access: Caller) -> Any:
    """Say something of your part of a search; what is asked and said is between two Footnotes."""
    try:
        return {"said": access.asking.part(wanted.what, wanted.collections, wanted.given)}
    except (KeyError, TypeError, ValueError) as error:
        raise errors.RequestError(
            f"another Footnote asked for what this one does not know ({error!r}); use the same"
            " version in both homes"
        ) from error
