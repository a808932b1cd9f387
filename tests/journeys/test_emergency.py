"""The scripted emergency: broker, internet, Telegram and daemon die, one after the other, during an alarm."""

import pytest

from arni_edge.simulator import emergency
from arni_edge.simulator.premises import Gym
from arni_edge.simulator.report import Scenario, message_figures


@pytest.mark.scenario
async def test_an_alarm_gets_through_whatever_dies() -> None:
    scenario = Scenario("emergency")
    async with Gym(cameras=False) as gym:
        await emergency.play(gym, scenario)
        figures = message_figures(gym.cloud.phones)
    failed = [(step.name, step.expected, step.observed) for step in scenario.steps if not step.passed]
    assert not failed
    assert len(scenario.steps) >= 16
    assert (figures["lost"], figures["doubled"]) == (0, 0)
