"""Words that say nothing about a subject whatever their count: closed classes and the commonest chat verbs, Chinese and English."""

from __future__ import annotations

_CHINESE = """
我们 你们 他们 她们 它们 咱们 大家 自己 人家 别人 有人 谁家 这个 那个 哪个 这些 那些 哪些 这里 那里 哪里 这边 那边 这样 那样 这么
那么 怎么 怎样 怎么样 什么 为什么 多少 几个 一个 一下 一些 一点 一样 一直 一起 一般 一定 一次 两个 可以 可能 应该 需要 必须 能够
不能 不会 不要 不用 不是 不行 没有 没法 还有 还是 还要 就是 就是说 但是 可是 不过 因为 所以 如果 要是 虽然 而且 或者 然后 之后
之前 以后 以前 后面 前面 上面 下面 里面 外面 时候 现在 今天 明天 昨天 后天 前天 今晚 今年 明年 去年 早上 上午 中午 下午 晚上 刚才
刚刚 已经 正在 马上 最近 以上 以下 其实 确实 当然 真的 真是 非常 特别 比较 有点 有些 差不多 估计 感觉 觉得 认为 知道 不知道 看到
看看 看见 看下 听说 想问 请问 问下 谢谢 感谢 多谢 辛苦 好的 好吧 好像 是的 对的 对了 没事 没问题 哈哈 哈哈哈 嗯嗯 收到 欢迎 早安
晚安 各位 老师 同学 老板 朋友 群里 群友 群主 管理员 麻烦 帮忙 直接 或是 只是 只有 只能 都是 也是 也有 不好 很多 好多 不少 有没有
是不是 能不能 要不要 会不会 可不可以 东西 事情 问题 情况 方面 地方 有的 别的 其他 另外 关于 对于 通过 进行 起来 出来 下来 过来
上去 下去 出去 回来 过去 到底 反正 终于 不然 否则 尽量 随便 顺便 主要 基本 完全 根本 甚至 包括 比如 例如 意思 有用 没用 好用 一天
一年 一个月 两天 多久 几天 几点 时间 今儿 明儿 想要 打算 准备 开始 结束 发现 出现 觉着 记得 忘了 建议 推荐 说明 告诉 图片 表情
动画 视频 语音 链接 文件 消息 撤回 红包 引用 回复 转发 网页 小程序
"""
_ENGLISH = """
a an the and or but if then so of to in on at by for from with without about into over under as than that this these those it its
i im ive you your youre he she they them their we our us me my is are was were be been being am do does did doing done have has
had having will would can could should may might must shall not no nor yes yeah yep ok okay just only also too very really quite
much many more most some any all both each every other another such same what which who whom when where why how here there now
today tomorrow yesterday again still already yet ever never always often maybe perhaps thanks thank please sorry hi hello hey lol
haha got get gets getting go goes going gone went come comes came make makes made take takes took put say says said see seen saw
know knows knew think thinks thought want wants need needs try tried trying use uses used using like look looks looking thing
things something anything nothing someone anyone everyone one two way lot bit kind sort good great nice well better best bad sure
right out up down off back dont doesnt didnt cant wont isnt wasnt thats theres whats id ill let lets because since while though
although even until before after between through during per via etc
"""
STOP_WORDS = frozenset(f"{_CHINESE} {_ENGLISH}".split())
