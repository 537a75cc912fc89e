"""Programs that are refused, each with its expected diagnostics marked under its lines."""
