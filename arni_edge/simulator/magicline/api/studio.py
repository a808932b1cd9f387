"""Studio, staff and devices."""

import uuid
from typing import Any, Final

from arni_edge.simulator.magicline.asking import SLICE, Ask, Operation, absent, sliced
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import Employee


def _information(gym: Gym, _: Ask) -> Any:
    return gym.information()


def _utilization(gym: Gym, _: Ask) -> Any:
    return {"capacity": gym.capacity, "count": gym.inside()}


def _confirm(gym: Gym, _: Ask) -> Any:
    gym.activated = True


def _employees(gym: Gym, ask: Ask) -> Any:
    return sliced(ask, list(gym.employees.values()), Employee.as_json)


def _employee(gym: Gym, ask: Ask) -> Any:
    if (found := gym.employees.get(ask.id("id"))) is None:
        raise absent("The employee")
    return found.as_json()


def _devices(gym: Gym, _: Ask) -> Any:
    return [one.as_json() for one in gym.devices.values()]


def _activate(gym: Gym, ask: Ask) -> Any:
    if (found := gym.devices.get(ask.id("deviceId"))) is None:
        raise absent("The device")
    found.token = found.token or str(uuid.UUID(int=gym.dice.getrandbits(128), version=4))
    return {"id": found.device_id, "accessToken": found.token}


OPERATIONS: Final = (
    Operation("getStudioInformation", "GET", "/v1/studios/information", "STUDIO_READ", _information),
    Operation("getUtilization", "GET", "/v1/studios/utilization", "STUDIO_READ", _utilization),
    Operation("confirmActivation", "POST", "/v1/studios/confirmActivation", "", _confirm),
    Operation("getEmployees", "GET", "/v1/employees", "EMPLOYEE_READ", _employees, SLICE),
    Operation("getEmployee", "GET", "/v1/employees/{id}", "EMPLOYEE_READ", _employee),
    Operation("getDevices", "GET", "/v1/devices", "DEVICE_READ", _devices),
    Operation("activateDevice", "PUT", "/v1/devices/{deviceId}/activate", "DEVICE_WRITE", _activate),
)
