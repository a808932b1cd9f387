"""Everything Shelly: both dialects of the wire, and drivers for what they switch."""
