"""What each figure must reach, and what we aim at; names as `python -m quality` prints them."""

from __future__ import annotations

# title → rows of (figure, what it is, must, aim); a figure that ends in "<" must stay below
TABLES: dict[str, list[tuple[str, str, str, str]]] = {
    "Threads": [
        ("gold.ten.thread_1-1", "gold chats, 1-1 (best pause clock a chat: 64)", "69", "80"),
        ("gold.ten.thread_EM_F", "gold chats, exact match F (clock: 28)", "37", "52"),
        ("gold.ten.over_clock", "… chats' 1-1 above their best clock's, the least", "≥ −2", ""),
        ("gold.ten.session_F1", "sessions, F1 (± 3 messages)", ".75", ".9"),
        ("gold.ten.topic_pair_F1", "topics, pair F1 (one topic a pause: .49)", ".55", ".75"),
        ("irc.VI", "Ubuntu IRC dev, VI (Ma et al. 2022, test: 92.7)", "92", "93.5"),
        ("irc.one2one", "Ubuntu IRC dev, 1-1 (77.7)", "80", "84"),
        ("irc.EM_F", "Ubuntu IRC dev, exact match F (40.8)", "40", "46"),
        ("irc.link_F", "Ubuntu IRC dev, link F (73.3)", "72.5", "75"),
        ("new_domains.EM_F", "other IRC channels, exact match F", "41", "48"),
        ("synth_zh.one2one", "synthetic Chinese, 1-1", "65", "75"),
        ("synth_zh.EM_F", "synthetic Chinese, exact match F", "13", "30"),
    ],
    "Segments and topics of single texts": [
        ("tiage.F1", "TIAGE dev, boundary F1 (TextTiling .31)", ".40", ".57"),
        ("superdialseg.F1", "SuperDialSeg validation (.37)", ".50", ".75"),
        ("vcsum.F1", "VCSum dev (.26)", ".33", ".45"),
        ("dact.F1", "DACT-zh dev (.26)", ".38", ".6"),
        ("thucnews.V", "THUCNews titles, V-measure (k-means on e5 .55–.58)", ".45", ".6"),
        ("thucnews.in_a_topic", "… share of titles in a topic", "stated", ""),
    ],
    "Noise and value": [
        ("gold.noise_F1", "noise F1, Chinese chats (length .64)", ".91", ".95"),
        ("gold.least_noise_F1", "… worst chat", ".86", ""),
        ("gold.ad_P", "ads, precision", ".85", "1"),
        ("gold.ad_R", "ads, recall", ".8", "1"),
        ("gold.value_AUC", "value, AUC (length .89)", ".955", ".98"),
        ("gold.value_nDCG@30", "value, nDCG@30 (length .62)", ".82", ".90"),
        ("gold.en.noise_F1", "English chats: noise F1", ".80", ".93"),
        ("gold.en.value_AUC", "English chats: value AUC", ".94", ".98"),
        ("spam.ad_F1", "ads in a real QQ group, F1", ".75", ".9"),
        ("ham.ordinary_flagged", "harmless messages flagged as ads", "≤ .03", "≤ .01"),
        ("salience.AUC", "what people highlighted in meetings, AUC (length .57)", ".67", ".75"),
    ],
    "The digest": [
        ("gold.must_shown", "what must be shown (best trivial rule .43–.68)", ".72", ".90"),
        ("gold.printed_share", "… within this share of the chat's characters", "≤ .25", ""),
        ("gold.shown_of_value", "share of value in what is shown", ".88", ".96"),
        ("gold.short_must_shown", "what must be shown, in the short form", ".30", ".50"),
        ("gold.short_chars", "… characters of the short form", "≤ 600", ""),
        ("gold.must_not_hits", "what must not be shown, cited a chat", "≤ .5", "0"),
        ("gold.qa_F1", "Q&A, F1 (each question, next speaker: .10)", ".62", ".80"),
        ("gold.qa_P", "Q&A, precision", ".7", ".85"),
        ("gold.all_qa_wrong_printed", "wrong answers printed, all Chinese chats", "≤ 1", "0"),
        ("gold.unanswered_P", "unanswered questions, precision", ".4", ".7"),
        ("gold.unanswered_R", "unanswered questions, recall", ".45", ".85"),
        ("gold.items_shown_R", "items shown", ".75", ".92"),
        ("gold.resources_P", "resources, precision", ".7", ".9"),
        ("gold.resources_R", "resources, recall", ".85", "1"),
        ("gold.en.qa_F1", "English chats: Q&A F1", ".55", ".8"),
        ("molweni.F", "Molweni dev, question → answer F, of 100 (rule 53)", "60", "68"),
        ("gold.unproved", "entries that cite what is not there", "0", "0"),
        ("gold.cited_unknown", "unknown ids cited", "0", "0"),
    ],
    "Search": [
        ("gold.ten.search_MRR@10", "gold chats, MRR@10 (e5 a message .56)", ".70", ".85"),
        ("gold.ten.search_hit@1", "hit@1", ".60", ".75"),
        ("gold.ten.search_hit@5", "hit@5", ".84", ".95"),
        ("gold.ten.search_silent", "silent on what was never discussed", ".45", ".85"),
        ("lcqmc.MRR@10", "LCQMC duplicates, MRR@10 (BM25 .842)", ".90", ".94"),
    ],
    "Memory": [
        ("memory.repeat_P", "repeated questions, precision", ".9", "1"),
        ("memory.repeat_R", "repeated questions, recall", ".6", ".85"),
        ("memory.late_closed_R", "late answers that close old questions", ".5", ".8"),
        ("memory.false_closing", "open questions closed wrongly", "0", "0"),
        ("memory.kol_3_in_5", "the first three KOL among our first five", ".8", "1"),
    ],
}


def asked() -> frozenset[str]:
    """The figures that the tables hold."""
    return frozenset(name for rows in TABLES.values() for name, *_ in rows)


def tables(figures: dict[str, float]) -> str:
    """The figures beside their targets, as Markdown; what was not measured shows a dash."""
    parts = []
    for title, rows in TABLES.items():
        lines = [f"### {title}", "", "| figure | measured | from copied text | must reach | aim |", "|---|---|---|---|---|"]
        for name, what, must, aim in rows:
            copied = figures.get(name.replace("gold.", "clipboard.", 1)) if name.startswith("gold.") else None
            lines.append(f"| {what} | {_number(figures.get(name))} | {_number(copied)} | {must} | {aim} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if abs(value) >= 2 else f"{value:.3f}"
