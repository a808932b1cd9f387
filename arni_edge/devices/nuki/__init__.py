"""The Nuki Smart Lock with its own MQTT."""
