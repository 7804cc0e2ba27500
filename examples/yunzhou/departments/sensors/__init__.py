"""The sensing network: devices, their readings, alarms of the lifelines, and the duty log of the operations centre."""
