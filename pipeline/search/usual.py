"""What queries usually look like on this archive: the yardstick for silence.

Cosines of a model sit at their own height, and an archive of one subject answers everything a little. So some
generic questions are asked of the archive itself: their mean vector says what is common to all queries, and how
near their best hits come says what an unanswered query looks like here.
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
    """Mean vector of generic queries; mean and spread of the cosines of their best hits on this archive."""

    centre: NDArray[np.float32]
    best_mean: float
    best_spread: float


def usual_queries(archive: Archive, embedder: Embedder | None, index: VectorIndex | None) -> Usual:
    """Measured once for a model and size of archive, then kept in the archive."""
    if embedder is None or index is None or not len(index):
        return Usual(centre=np.zeros(0, dtype=np.float32), best_mean=0.0, best_spread=1.0)
    kept = archive.setting("usual_queries")
    if kept:
        value = json.loads(kept)
        if value["model"] == embedder.name and value["size"] <= len(index) * GROWTH and len(index) <= value["size"] * GROWTH:
            centre = np.frombuffer(base64.b64decode(value["centre"]), dtype=np.float32)
            return Usual(centre=centre, best_mean=value["mean"], best_spread=value["spread"])
    vectors = embedder.queries(PROBES)
    best = np.array([index.search(v[None], 1)[0][1] for v in vectors])
    usual = Usual(centre=vectors.mean(0), best_mean=round(float(best.mean()), 5), best_spread=max(round(float(best.std()), 5), 1e-3))
    if not archive.read_only:
        value = {
            "model": embedder.name, "size": len(index), "centre": base64.b64encode(usual.centre.tobytes()).decode("ascii"),
            "mean": usual.best_mean, "spread": usual.best_spread,
        }  # fmt: skip
        archive.set_setting("usual_queries", json.dumps(value))
    return usual
