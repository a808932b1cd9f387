"""From a message to an answer: one ordered list of stages for every channel."""

from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.reception import Reception
from arni_edge.conversation.turns import Turns

__all__ = ["Pipeline", "Reception", "Turns"]
