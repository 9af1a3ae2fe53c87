"""What queries usually look like on this archive: the yardstick for silence.

Cosines of a model sit at their own height, and an archive of one subject answers everything a little. So some
generic questions are asked of the archive itself: their vectors say what is common to all queries and how near a message
is to just any question, and how near their best hits come says what an unanswered query looks like here.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.archive import Archive
from pipeline.embedding import Embedder
from pipeline.index import VectorIndex

GROWTH = 1.5  # measured again when the archive has grown by so much

# Everyday questions of any community, none about a subject of the evaluation chats.
PROBES = (
    "怎么注册账号", "多少钱一个月", "在哪里下载安装包", "什么时候开会", "有没有优惠券", "谁有这个文件", "密码忘了怎么办",
    "怎么联系客服", "可以退款吗", "下周的活动安排", "推荐一本书", "周末去哪里吃饭", "天气怎么样", "怎么做红烧肉",
    "猫不吃东西怎么办", "感冒吃什么药", "手机屏幕碎了去哪修", "怎么减肥最快", "股票今天为什么跌", "房贷利率是多少",
    "怎么申请护照", "高铁票怎么退", "电影好看吗", "足球比赛几点开始", "钢琴多久调一次音", "怎么养多肉植物", "空调不制冷",
    "驾照怎么考", "租房合同要注意什么", "怎么写简历", "英语单词怎么背", "微信怎么备份聊天记录", "公司年会抽奖", "快递丢了怎么赔",
    "视频剪辑用什么软件", "how do i reset my password", "what does it cost per month", "where can i download it",
    "when is the next meeting", "can i get a refund", "recommend a good book", "best place to eat nearby", "how to lose weight",
    "my phone screen is broken", "what time is the match", "how to cook rice", "visa application documents",
    "is there a discount code", "who has the file", "train ticket refund",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """Vectors of generic queries; mean and spread of the cosines of their best hits on this archive."""

    probes: NDArray[np.float32]  # [queries, dimension]
    best_mean: float
    best_spread: float


def usual_queries(archive: Archive, embedder: Embedder | None, index: VectorIndex | None) -> Usual:
    """Measured once for a model and size of archive, then kept in the archive."""
    if embedder is None or index is None or not len(index):
        return Usual(probes=np.zeros((0, 1), dtype=np.float32), best_mean=0.0, best_spread=1.0)
    kept = json.loads(archive.setting("usual_queries", "{}"))
    known = kept.get("model") == embedder.name and "probes" in kept  # "probes" came later than the rest
    if known and kept["size"] <= len(index) * GROWTH and len(index) <= kept["size"] * GROWTH:
        probes = np.frombuffer(base64.b64decode(kept["probes"]), dtype=np.float16).reshape(-1, embedder.dimension)
        return Usual(probes=probes.astype(np.float32), best_mean=kept["mean"], best_spread=kept["spread"])
    probes = embedder.queries(PROBES).astype(np.float16)
    best = np.array([index.search(v[None].astype(np.float32), 1)[0][1] for v in probes])
    mean, spread = round(float(best.mean()), 5), max(round(float(best.std()), 5), 1e-3)
    if not archive.read_only:
        value = {
            "model": embedder.name, "size": len(index), "probes": base64.b64encode(probes.tobytes()).decode("ascii"),
            "mean": mean, "spread": spread,
        }  # fmt: skip
        archive.set_setting("usual_queries", json.dumps(value))
    return Usual(probes=probes.astype(np.float32), best_mean=mean, best_spread=spread)
