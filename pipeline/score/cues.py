"""What a message's own words show: markers of questions, answers, thanks, plans, sales and so on, one number each.

Only closed-class words and general markers of Chinese and English: what a trade or a community talks about is left to
the vectors. Each pattern is searched in the folded text (NFKC, lower case).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Kind, Message
from pipeline.patterns import Patterns
from pipeline.text import fold

PATTERNS: dict[str, str] = {
    # asking
    "question_mark": r"\?",
    "question_end": (
        r"(?:吗|嘛|呢|么|不|没|没有|吧|咋|咋办|咋整|啥|不啊|没啊|不呀|不能|不行|不好|怎么办|怎么弄|多少|哪个|几点|"
        r"什么)[\W_]{0,4}$"
    ),
    "question_word": (
        r"什么|怎么|怎样|咋|哪|谁|几[个点号天岁次年]|多少|多久|多大|多长|为何|为啥|啥|如何|是否|\b(?:what|how|why|who|"
        r"where|when|which|whose)\b"
    ),
    "yes_no": r"(.)不\1|是不是|有没有|能不能|可不可以|要不要|行不行|会不会|好不好|吗|么\b",
    "asks_all": (
        r"有(?:没)?(?:人|谁)|谁(?:有|知道|能|用)|各位|大家|大佬|老师们|请教|请问|求助|求问|想问|问(?:一)?(?:下|问|句)|"
        r"同问|求(?:推荐|链接|资料|人脉)|\b(?:anyone|anybody|any idea|any chance|any tips)\b"
    ),
    "english_question": (
        r"^(?:(?:hi|hey|ok|so|and|but|also|sorry|q|question)[ ,:!]+(?:all[ ,!]*)?)?(?:what|how|why|who|where|when|which|"
        r"can|could|does|do|did|is|are|was|should|would|will|has|have|any|anyone|anybody)\b"
    ),
    "rhetorical": r"难道|谁不|谁还|何必|不就(?:是)?|还不如|凭什么|算什么|who (?:doesn't|cares|knew)|isn't it|why me",
    # answering, advising, correcting
    "advice": (
        r"建议|最好|别|不要|不用|记得|务必|注意|必须|应该|可以试|试试|先.{1,12}再|只要|需要|千万|尽量|推荐|\b(?:should|"
        r"don'?t|never|always|make sure|try|use|avoid|instead|recommend|need to|must)\b"
    ),
    "reason": (
        r"因为|所以|原因|由于|否则|不然|如果|的话|才能|其实|说明|意思是|等于|就是|而是|相当于|\b(?:because|since|so that|"
        r"otherwise|if|means?|that'?s why|actually|rather than)\b"
    ),
    "steps": (
        r"①|②|第[一二三四五]|首先|其次|然后|最后|步骤|\b(?:first|then|next|finally|step \d)\b|(?:^|\n)\s*[1-9][.、)]"
    ),
    "correction": (
        r"不对|错了|不是.{0,10}(?:是|而)|别信|更正|纠正|说错|搞错|误导|有误|并不|不准确|其实不|没那么|不一定|不完全|"
        r"\b(?:not (?:true|quite|right|a|the)|wrong|incorrect|correction|please don'?t|careful|isn'?t)\b"
    ),
    "retracts": (
        r"我(?:记|搞|弄|说|看|算|理解)(?:错|混|反)|我的(?:锅|错)|收回|学到了|原来如此|原来是|i (?:was wrong|"
        r"stand corrected|withdraw)|my (?:bad|mistake)|\btil\b"
    ),
    "hedge": (
        r"好像|可能|大概|应该是|估计|也许|听说|印象|感觉|据说|不确定|不知道|瞎说|\b(?:maybe|i think|probably|not sure|"
        r"guess|i heard|might)\b"
    ),
    "experience": (
        r"我(?:家|们)?(?:之前|以前|上次|当时|去年|这边|自己|用了|试了|做过|踩过)|亲测|实测|\b(?:we|i) (?:had|used|tried|"
        r"did|found|got|ended up)\b"
    ),
    "back_reference": (
        r"昨天|昨晚|上次|前天|之前|上周|刚才|刚刚|上面|楼上|往上翻|搜|\b(?:yesterday|earlier|last (?:time|night|week)|"
        r"above|scroll up)\b"
    ),
    "late_answer": (
        r"才看到|刚看到|补(?:一句|充|个)|回(?:答|复)?一?下|答应的|说好的|之前问|问的|\b(?:late|re:|as promised|"
        r"following up|to answer)\b"
    ),
    # thanks and short answers
    "thanks": r"谢|感谢|多谢|辛苦|thx|\bthanks?\b|\bthank you\b|\bty\b|\bcheers\b|🙏|抱拳",
    "ack": (
        r"^(?:好[的嘞滴哒呀吧]?|嗯+|哦+|噢+|行|ok(?:ay|k|的)?|收到|明白|懂了?|了解|对+|是的?|没错|可以|得|知道了|马住?|"
        r"码住?|存了|收藏|蹲|插眼|学到了|记下|抄了|yes|yep|yeah|yup|sure|right|got it|i see|cool|nice|great|noted|will do|"
        r"on it|same|agreed|makes sense|perfect|brilliant|lovely|同|\+1|no|nope|ah+|oh+|hmm+)(?:[\W_]|了|的|啊|呀|吧|$)"
    ),
    "praise": (
        r"牛|太强|厉害|大佬|神|yyds|赞|棒|靠谱|绝了|良心|太(?:好|细|全|实用|牛)了?|\b(?:legend|amazing|awesome|great|love|"
        r"perfect|brilliant|well done|hero)\b|👍|👏|💯|💪|🌹|鼓掌|强\]"
    ),
    "solved": (
        r"解决了|好了|搞定|可以了|成了|通过了|通了|能用了|真的可以|出来了|\b(?:works?|worked|solved|fixed|sorted|"
        r"that did it)\b"
    ),
    # small talk
    "laugh": (
        r"哈{2,}|h{3,}|2333|笑死|笑不活|嘿嘿|嘻嘻|\blol\b|(?:ha){2,}|lmao|rofl|[😂🤣😄😆😅🙈🤪🤡]|捂脸|狗头|旺柴|破涕"
    ),
    "greeting": (
        r"^(?:大家)?(?:早+|早上好|早安|晚安|午安|安$|中午好|下午好|晚上好|大家好|各位(?:早|好|晚)|周[一-日末五]好|新年好|"
        r"欢迎|hi\b|hello\b|hey\b|good (?:morning|night|evening)|gm\b|gn\b|morning\b|night\b|evening\b|welcome|bye\b|拜拜|"
        r"回见|先睡|睡了)|晚安|早上好|早安|节日?快乐|good ?night|happy (?:new|birthday|christmas|friday)"
    ),
    "mourns": r"呜+|寄$|裂开|哭|崩溃|累|😭|😱|💀|躺平|摆烂|emo|\b(?:sob|rip|ugh|noo+|oh no)\b|完了|救命",
    "meme": (
        r"吃瓜|前排|瓜子|板凳|打起来|复读|队形|沙发|路过|围观|笑|嘿|哼|咕咕|卷|666|牛逼|卧槽|我去|我靠|天哪|妈呀|绝了|"
        r"离谱|yyds|awsl|\b(?:wtf|omg|popcorn|yikes|gosh)\b|🍿"
    ),
    "exclaims": r"!",
    "trails_off": r"(?:…|\.{2,}|。{2,}|~+)[\W_]*$",
    # plans
    "announces": (
        r"【|通知|公告|@所有人|@all|\@here|报名|截止|定了|定于|时间[:是]|地点[:是]|改(?:到|成|为|期)|取消|延期|推迟|提前|"
        r"本周|下周|明天|今晚|周[一二三四五六日天末]|⚠|📣|📌|📢|📍|\b(?:announcement|reminder|deadline|sign ?up|venue|"
        r"meeting|moved to|cancell?ed|postponed|this (?:thursday|friday|saturday|sunday|week)|tomorrow|tonight)\b"
    ),
    "date_time": (
        r"\d月\d|\d[:点号日]|\d[./]\d|\b(?:jan|feb|mar|apr|may|jun|jul|"
        r"aug|sep|oct|nov|dec)[a-z]* \d|\d (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\b\d{1,2} ?(?:am|pm|utc|"
        r"cest)\b"
    ),
    "commits": (
        r"我(?:来|去|负责|整理|今晚|明天|周末|周.|这周|下周|尽快|写|做|发|查|问|改|修|带|约|联系)|(?:之前|前)(?:发|给|弄|"
        r"修|交|传|答复)|\b(?:i'?ll|i will|i can (?:do|bring|take)|will (?:write|send|do|bring|fix|add|check|post)|"
        r"by (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow))\b"
    ),
    "assigns": r"@\S+.{0,20}(?:负责|麻烦|帮忙|你来|记得)|负责|分工|认领|volunteers?|\b(?:can you|could you|please)\b",
    "decides": (
        r"定了|决定|拍板|就这么|统一|改成|敲定|通过|结论|最后定|投票|\b(?:decided|decision|agreed|settled|vote|poll|"
        r"final)\b"
    ),
    "bug": (
        r"报错|错误|bug|崩|闪退|打不开|用不了|失败|卡|不显示|异常|修(?:好|复)|反馈|\b(?:error|fail(?:s|ed)?|crash|broken|"
        r"exception|fixed|bug)\b"
    ),
    "resource": (
        r"《|链接|文档|网盘|资料|清单|模板|教程|书单|表格|群文件|置顶|pdf|docx?|xlsx?|pptx?|\b(?:template|guide|write-?up|"
        r"article|book|list|sheet|pinned)\b"
    ),
    "job": (
        r"招聘|招(?:人|一名|个|位|募)|内推|校招|社招|简历|岗位|实习|求职|双休|薪|应聘|\b(?:hiring|job|apply|salary|"
        r"internship|recruit)\b"
    ),
    # selling
    "contact": (
        r"加(?:我|v|微|她|他|群|q)|私(?:我|信|聊|戳)|(?:^|[^a-z])v\s?[:信+]|\+\s?v(?:\s|[\w-]*\d)|vx|wx|微信|电话|手机|扫码|同号|"
        r"dm\b|whatsapp|"
        r"call \d|\d{5} ?\d{6}|1[3-9]\d{9}|1[3-9]\d-?\d{4}-?\d{4}"
    ),
    "price": (
        r"\d ?(?:元|块|w|折|刀|起|包邮|米)|[¥$€£]\s?\d|原价|现价|券|到手价?|\d+% off|price|\bfree\b|免费"
    ),
    "promotes": (
        r"限时|仅剩|最后\d|名额|秒杀|拼团|团购价|优惠|福利|返现|返\d|领取|免费领|限量|清仓|厂价|批发|代理|代办|代做|包过|"
        r"包邮|特价|首单|下单|抢购|早鸟|冲刺班|体验课|押题|加盟|副业|日入|月入|佣金|\b(?:promo|discount|limited|trial|"
        r"offer|deal|quotes?|sale|subscribe|special)\b|🔥|🎁|🚀|‼|💰"
    ),
    "link": r"https?://|www\.|\.com\b|\.cn\b",
    "chain": r"接龙|报名接龙|\+1$",
    "check_in": r"打卡|签到|\bd\d{1,3}\b|day ?\d+|check.?in|连续\d+天|断签",
    "red_packet": r"红包|手气|抢到|\d\.\d\d|老板大气|谢谢老板|专属",
    # quarrels and private life
    "insults": (
        r"有病|闭嘴|(?<!摇)滚(?!石|动|轮|筒|雪|烫)|傻|蠢|脑残|垃圾|恶心|不要脸|神经|韭菜|智商|骂|喷(?!雾|墨|泉|漆|洒|嚏|头|气|涂)|(?<![单双])杠(?!杆|铃)|(?<![硫盐醋氨核叶碳乳檬])酸(?!奶|菜|辣|甜|性|碱|痛|梅|汤)|装什么|算什么|关你|管得着|呵呵|你(?:算|谁|"
        r"行)|你们这|阴阳|\b(?:idiot|stupid|shut up|moron|rude|pathetic|git|rubbish|excuse me|whatever)\b"
    ),
    "you_attack": (
        r"你.{0,8}(?:才|自己|凭|有什么|懂|配|再说|这种|急|行你|说谁|骂谁)|\byou (?:people|lot|never|always|can'?t)\b"
    ),
    "calms": (
        r"少说两句|别吵|别骂|到此为止|都停|停[。!一下手]?$|冷静|禁言|再.{0,6}(?:踢|移出|禁)|和气|对事不对人|不评价|"
        r"\b(?:enough|calm down|that'?s enough|be (?:nice|kind)|no digs|play nice)\b"
    ),
    "apologises": r"对不起|抱歉|道歉|不好意思|我(?:话|说话|嘴)|冲动|激动|\b(?:sorry|apolog\w+)\b",
    "family": (
        r"孩子|儿子|女儿|老公|老婆|媳妇|婆婆|爸|妈|宝|娃|外甥|男朋友|女朋友|\b(?:husband|wife|son|daughter|mum|dad|"
        r"kids?)\b"
    ),
    "health": (
        r"发烧|\d度\d|医院|医生|确诊|手术|过敏|怀孕|抑郁|住院|癌|病|疫苗|体检|药|\b(?:hospital|doctor|surgery|ill|sick|"
        r"pregnant)\b"
    ),
    "private_money": r"工资|月薪|欠|借钱|贷款|还钱|彩礼|离婚|分手|\b(?:salary|owe|debt|divorce)\b",
    "private_request": r"别(?:在群里|外传|截图|说出去)|私下|私聊|保密|打码|not on here|in private|between us",
    "second_person": r"你|您|\byou(?:r|'re)?\b|\bu\b",
    "first_person": r"我|\bi\b|\bmy\b|\bi'?m\b",
    "code": (
        r"[a-z_]\w*\(|[\w/-]+\.(?:py|js|sh|conf|ya?ml|json|md|exe)\b|--?[a-z]{2,}|[a-z0-9]+_[a-z0-9]+|=>|==|\bselect\b|`|"
        r"/\w+/\w+"
    ),
    "enumerates": r"①|1[).、]|(?:,|，|、).*(?:,|，|、)|:.*(?:;|；)",
    "quotes_phrase": r"[\"“「'‘].+[\"”」'’]",
    "mentions": r"@\S",
    "list_mark": r"问[::]|q:|^(?:\d+[.、)])|^#",
    "presence": r"^(?:来了|到了|在的?|有的?|没有|还没|开始|马上|稍等|等下|i'?m here|here)[\W_]*$",
}  # fmt: skip
Table = NDArray[np.float32]
_PATTERNS = Patterns([re.compile(pattern) for pattern in PATTERNS.values()])

MAX_TEXT = 600  # what a long message is shows in its beginning
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff]|\\[[^\\[\\]]{1,6}\\]|:[a-z_-]{3,24}:")
_FACES = re.compile("^(?:\\s*(?:[\U0001f1e6-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]|\\[[^\\[\\]]{1,6}\\]|:[a-z_-]{3,24}:)\\s*)+$")
_STAND_IN = re.compile(r"^\s*[\[【<]\s*([^\]】>:：\n]{1,24})\s*(?:[:：][^\]】>\n]*)?[\]】>]\s*")
_LATIN = re.compile(r"[a-z][a-z0-9+#.-]*")
_DIGITS = re.compile(r"\d+")
_CJK = re.compile("[\u3400-\u9fff]")
_PUNCTUATION = re.compile(r"[,，。.;；:：、()（）]")
KINDS = (Kind.IMAGE, Kind.STICKER, Kind.VOICE, Kind.LINK, Kind.FILE, Kind.CARD, Kind.REDPACKET, Kind.FORWARD, Kind.VIDEO)
_SHAPE = ("log_length", "lines", "digits", "latin", "cjk", "punctuation", "emoji", "faces", "bare")
CUES: tuple[str, ...] = (*PATTERNS, *_SHAPE, *(f"kind_{k.value}" for k in KINDS))
COLUMN = {name: i for i, name in enumerate(CUES)}


def cue_table(messages: Sequence[Message]) -> NDArray[np.float32]:
    """[messages, len(CUES)]; equal texts of one kind are looked at once."""
    known: dict[tuple[str, Kind], list[float]] = {}
    rows = []
    for message in messages:
        key = (message.text, message.kind)
        if key not in known:
            known[key] = _cues(message)
        rows.append(known[key])
    return np.array(rows, dtype=np.float32).reshape(len(messages), len(CUES))


def own_words(message: Message) -> str:
    """What the sender says, folded: without the stand-in for media ("[语音转文字] …"), with the title of a card."""
    text = _STAND_IN.sub("", message.text[:MAX_TEXT], count=1) if message.kind is not Kind.TEXT else message.text[:MAX_TEXT]
    return fold(f"{text} {message.title}" if message.title and message.title not in text else text)


def _cues(message: Message) -> list[float]:
    text = own_words(message)
    length = len(text)
    latin, digits = _LATIN.findall(text), _DIGITS.findall(text)
    faces = message.kind is Kind.STICKER or bool(_FACES.match(text))
    shape = [
        float(np.log1p(length)),
        float(min(10, message.text.count("\n"))),
        float(min(10, len(digits))),
        float(min(10, len(latin))),
        len(_CJK.findall(text)) / max(1, length),
        float(min(12, len(_PUNCTUATION.findall(text)))),
        float(min(6, len(_EMOJI.findall(text)))),
        float(faces),
        float(not text),
    ]
    return _PATTERNS.found(text) + shape + [float(message.kind is kind) for kind in KINDS]
