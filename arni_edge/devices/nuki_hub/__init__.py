"""The nuki_hub: an ESP32 with open firmware that puts Nuki devices with Bluetooth only on the broker."""
