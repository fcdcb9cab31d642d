"""What a beacon of a browser may say."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 200.0 is the integer 200."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, Field(max_length=300)]
Milliseconds = Annotated[float, Field(ge=0, le=600_000, allow_inf_nan=False)]
Whole = BeforeValidator(_whole)


class Beacon(BaseModel):
    """One view of a page. Times are milliseconds; fields that are not known here are passed over."""

    model_config = ConfigDict(strict=True)

    site: Annotated[str, Field(min_length=1, max_length=63, description="as the contract names it")]
    key: Text | None = Field(None, description="the public key of the site, where it has one")
    id: (
        Annotated[str, Field(max_length=64, description="of this view: the same one is counted once")] | None
    ) = None
    sample: Annotated[int, Field(ge=1, le=1000, description="how many views it stands for"), Whole] = 1
    page: Annotated[str, Field(max_length=2000)] | None = None
    route: Text | None = None
    lcp: Milliseconds | None = None
    inp: Milliseconds | None = None
    ttfb: Milliseconds | None = None
    cls: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] | None = None
    status: Annotated[int, Field(ge=0, le=999), Whole] | None = None
    ok: bool | None = None
    version: Text | None = None
    region: Text | None = None
    tenant: Text | None = None
    device: Text | None = None
    flag: Text | None = None
    variant: Text | None = None
