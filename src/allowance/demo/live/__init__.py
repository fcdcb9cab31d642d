"""How does it feel? A small shop of real processes, seen by the real OpenTelemetry SDK, that breaks when told to."""
