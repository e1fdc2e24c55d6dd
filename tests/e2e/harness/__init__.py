"""What the end-to-end tests are written with: a scripted origin, a levee process, clients, bounded waits."""
from .client import Connection, Crowd, Response
from .false_origins import BlackHole, Dribble
from .pop import Pop
from .redis import FalseRedis, Network, RedisCluster, RedisSentinel, RedisServer
from .origin import CUT, HOLD, RESET, Answer, Origin, Page
from .rest import in_use, rests
from .slots import Slots
from .server import OUT, Levee, LeveeFailed
from .tools import ADDRESS, IS_SANITIZED, PATIENCE, eventually, free_port
from .wire import Broken, Head, numbered

__all__ = ["ADDRESS", "Answer", "BlackHole", "Broken", "CUT", "Connection", "Crowd", "Dribble", "FalseRedis", "HOLD", "Head", "IS_SANITIZED", "Levee", "LeveeFailed", "Network", "OUT",
           "Origin", "PATIENCE", "Page", "Pop", "RESET", "RedisCluster", "RedisSentinel", "RedisServer", "Response", "Slots", "eventually",
           "free_port", "in_use", "numbered", "rests"]
