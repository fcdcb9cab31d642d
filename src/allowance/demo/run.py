"""`allowance demo`: a living shop, a month behind it, and Allowance in front of it, at one address."""

from __future__ import annotations

DEFAULT_PORT = 8787


def demo(
    *,
    port: int = 0,
    folder: str = "build/demo/living",
    seconds: int = 0,
    open_browser: bool = True,
) -> int:
    """A small shop in processes of its own, loaded and measured; break it and see what follows. Ctrl-C ends it all.

    Needs the extra `demo` (`pip install 'allowance[demo]'`): the shop is instrumented with the OpenTelemetry SDK.

    Example: allowance demo

    Parameters
    ----------
    port
        Where the pages are. Default: 8787 if it is free, else any.
    folder
        What an earlier demo left there is deleted: contract, counts, store, logs.
    seconds
        End by itself after so many seconds. Default: at Ctrl-C.
    open_browser
        Open the tour in a browser, where there is a screen.
    """
    from importlib.util import find_spec
    from pathlib import Path

    from allowance.core.problem import refuse

    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise refuse(
            "demo",
            "the living shop needs the OpenTelemetry SDK",
            hint="pip install 'allowance[demo]', or make demo in a clone",
        )
    from allowance.demo.living.house import live

    return live(
        Path(folder), port=port or DEFAULT_PORT, own_port=bool(port), seconds=seconds, shown=open_browser
    )
