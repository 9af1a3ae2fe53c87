# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Marks of language that the extraction reads: Chinese and English closed-class words, no subject words.

Each pattern is one signal; the learned models weigh them.
"""

from __future__ import annotations

import re

RHETORICAL = re.compile(
    r"谁不|谁家好人|谁(?:家|还|都).{0,12}不|难道|岂不|何必|何苦|不就.{0,30}[吗嘛么]|有什么(?:好|可)|算什么"
    r"|有(?:没有)?人(?:也|和我|跟我)?(?:觉得|感觉|一样)|谁懂啊|我.{0,8}在干(?:嘛|啥|什么)|\bwho (?:doesn't|wouldn't|hasn't|needs|even|names)\b"
    r"|\b(?:anyone|anybody) else (?:feel|think|find|get)|\bis it (?:just|only) me\b",
    re.IGNORECASE,
)
REPORTED = re.compile(  # what somebody else asked, told
    r"^(?:我|我们)?.{0,6}(?:妈|爸|老公|老婆|媳妇|老板|领导|同事|娃|孩子|客户|他|她|人家)们?.{0,4}问|\b(?:he|she|they|my \w+|someone) (?:asked|asks|wanted to know)\b",
    re.IGNORECASE,
)
MARK = re.compile(r"[?？]")
ASK_WORD = re.compile(
    r"什么|啥|哪(?!怕)|怎么|怎样|咋|为何|为什么|多少|多久|多大|多长|多远|几[个点号月天次岁年块]|谁|何时|是不是|有没有|能不能|可不可以|要不要|会不会|好不好|行不行|对不对|算不算|用不用|需不需要"
    r"|还是.{1,12}好|能否|可否|是否|如何|有无|求[问教助推]|请教|请问|问下|问一下|想问|咨询|求|哪里"
    r"|\b(?:who|what|when|where|why|which|how|whose|anyone|anybody|does anyone|any (?:idea|tips|advice|suggestions?|recommendations?)|is there|are there|can (?:i|we|you|someone)|could (?:i|we|you|someone)|should (?:i|we)"
    r"|do (?:i|we|you)|does|did|is it|would|wondering)\b",
    re.IGNORECASE,
)  # fmt: skip
ASK_OPENING = re.compile(
    r"^\s*(?:@\S+\s*)*(?:请问|请教|想问|问一下|问下|求问|求助|咨询|弱弱|顺便问|问个|问|有没有|有人|谁|哪位|大佬|各位"
    r"|(?:hi|hey|hello)?[, ]*(?:who|what|when|where|why|which|how|is|are|do|does|did|can|could|should|would|will|has|have|any|anyone|anybody|quick question|question))",
    re.IGNORECASE,
)
ASK_ENDING = re.compile(r"(?:吗|么|嘛|呢|不|没|没有|不能|来着|啊|呀|不是|否|了没|行不|是吧|对吧|咋办|怎么办)[~～。！!.…\s😂😭🥲]*$")
PARTICLE = re.compile(r"(?:吗|么|嘛|呢|来着|了没|咋办|怎么办|咋整|不)[~～。！!.…?？\s]*$")
CLAUSE_END = re.compile(r"(?:吗|么|嘛|不|没|呢|咋办|咋样|怎么办|来着|是吧|对吧|没有)(?=[\s,，。;；!！~～…?？@]|$)")
EITHER = re.compile(r"(\w)[不没]\1|有没有|还是.{1,20}[?？呢好啊]|\bor\b.{1,40}\?", re.IGNORECASE)
ELLIPSIS = re.compile(r"^.{1,12}呢(?:\W|$)|^(?:and |what about |how about )", re.IGNORECASE)
ANYONE = re.compile(r"有人|谁|哪位|有没有|大家|各位|大佬|\b(?:anyone|anybody|someone|somebody|everyone|folks|all)\b", re.IGNORECASE)
ME_TOO = re.compile(
    r"^\W*(?:我(?:们)?(?:这|这边|家)?也(?:是|一样|这样|遇到|有)|\+1|同问|同求|一样|me too|same (?:here|issue|problem))", re.IGNORECASE
)
SAME_TROUBLE = re.compile(r"我也|\+1|同问|同求|同样|一样|蹲|\b(?:same|me too|also|following)\b", re.IGNORECASE)
TROUBLE = re.compile(
    r"报错|错误|打不开|登不|不了|失败|没反应|不行|不动|坏|炸|挂了|卡|崩|求救|\b(?:error|fail(?:s|ed|ing)?|broken|stuck|crash(?:es|ed)?|not work(?:ing)?|doesn't|won't|can't|cannot)\b",
    re.IGNORECASE,
)
THANKS = re.compile(r"谢|感谢|多谢|辛苦|感恩|\b(?:thanks?|thx|ty|cheers|appreciated?)\b", re.IGNORECASE)
SOLVED = re.compile(
    r"解决了|好了|可以了|搞定|成了|通了|能用了|懂了|明白|学到了|原来如此|清楚了|会了|悟了|记下|有道理|果然|\b(?:works?|worked|working now|fixed|solved|got it|makes sense|that did it|perfect|understood|clear now)\b",
    re.IGNORECASE,
)
ACK = re.compile(
    r"^\W*(?:好的?|好嘞|行|可以|收到|嗯+|哦+|噢|ok(?:ay)?|okk|是的?|对的?|没错|懂了?|明白了?|了解|知道了|谢谢.{0,6}|感谢.{0,6}|thanks?.{0,12}|thx|cool|great|nice|sure|yes|yep|yeah|will do|got it)\W*$",
    re.IGNORECASE,
)
CORRECTION = re.compile(
    r"^\W*(?:不对|不是|错了|别|不能|不要|其实|更正|纠正|那是)|不对|说错|搞错|记错|弄错|说反|写错|以.{0,6}为准|更正|纠正|误区|有误|作废|不用了|已经改|改成|只对一半|才对"
    r"|\b(?:actually|not (?:quite|true|right|correct)|wrong|incorrect|correction|don't|no,|nope|instead|careful|outdated|that's for|mistaken)\b",
    re.IGNORECASE,
)
RETRACTION = re.compile(
    r"(?:我|是我).{0,4}(?:错了|记错|搞错|说错|答错|收回|理解错|弄混|看错|撤回)|我错|收回|瞎说|胡说|我的锅|打脸|受教|学到|长见识|\b(?:my (?:bad|mistake)|i (?:was|stand) (?:wrong|corrected)|ignore (?:me|that)|scrap that|scratch that)\b",
    re.IGNORECASE,
)
DEFERRAL = re.compile(
    r"下次|回头|晚点|稍后|等会|待会|明天再|之后再|到时|改天|我?(?:先)?(?:去|帮你|来)?(?:查|看|问|确认|核实|研究|反馈)(?:一下|下|看|完)|我看看|再定|再说|再回复|还没(?:定|出|问|公布|消息)|不清楚|不知道|没(?:用|试|升|碰)过|等.{0,8}(?:来|回复|通知|公布)|私聊|私我|私信|dd|蹲"
    r"|\b(?:will (?:check|look|ask|let you know|get back|find out)|let me (?:check|ask|look|find)|i'll (?:check|look|ask|find|get back|dig)|later|tomorrow|not sure|no idea|don't know|dunno|tbd|tba|dm me|get back to you)\b",
    re.IGNORECASE,
)
GUESS = re.compile(
    r"好像|应该|可能|大概|似乎|估计|记得|吧[。~～!！\s]*$|听说|不确定|瞎|印象|\b(?:i think|maybe|probably|perhaps|might|i guess|iirc|possibly|pretty sure|reckon)\b",
    re.IGNORECASE,
)
POINTS_BACK = re.compile(
    r"(?:昨|前|周|星期|刚|早上|上午|下午|晚上|上次|之前|那天|爬楼).{0,12}(?:问|说|提|聊)|有(?:人|同学|朋友|家长|老师|小伙伴).{0,6}问|问的|回(?:复|答)?(?:一下|下).{0,10}(?:问题|@)|关于.{0,20}(?:问题|说一下)|补充"
    r"|\b(?:asked|earlier|yesterday|the question|your question|someone was asking|to answer|about the|re:|regarding|as for|following up|on the)\b",
    re.IGNORECASE,
)
JOKE = re.compile(
    r"哈{2,}|hh+|笑死|233|\[(?:旺柴|捂脸|狗头|坏笑|偷笑|doge|破涕为笑|吃瓜)\]|😂|🤣|😅|🐶|\b(?:lol|lmao|haha+|rofl)\b", re.IGNORECASE
)
EXPLAIN = re.compile(
    r"因为|所以|因此|如果|的话|先.{0,20}再|然后|记得|建议|可以|需要|不用|要|就是|分成|步|默认|改成|换成|\b(?:because|so|if|then|you (?:can|need|should|could|want)|use|try|set|check|make sure|depends|instead|just)\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d")
CODE = re.compile(r"[A-Za-z_][\w.]*\([^)]*\)|`|--\w|[a-z]+_[a-z]+|[{}<>=]{2}|/\w+/|\.\w{2,4}\b")
LIST = re.compile(r"[①②③④⑤]|(?:^|\n)\s*(?:\d{1,2}[.、)）]|[-•])|第[一二三]|一是|首先|其次")
HEADING = re.compile(r"【[^】]{2,40}】")
