"""The one table of everything pluggable: kind → name → "module:attribute", imported on first use.

Other packages add entries through entry points of the group `consilience.<kind>`; a program adds its own with
`register`. Well-known names of a component with options stand in `core.presets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from consilience.core.errors import InputError, nearest
from consilience.core.presets import PRESETS

BUILTIN: dict[str, dict[str, str]] = {
    "modality": {
        "audio": "consilience.modalities.audio:Audio",
        "category": "consilience.modalities.category:Category",
        "date": "consilience.modalities.date:Date",
        "image": "consilience.modalities.image:Image",
        "number": "consilience.modalities.number:Number",
        "sequence": "consilience.modalities.sequence:Sequence",
        "series": "consilience.modalities.series:Series",
        "text": "consilience.modalities.text:Text",
        "video": "consilience.modalities.video:Video",
    },
    "encoder": {
        "category_steps": "consilience.encoders.category_steps:CategorySteps",
        "category_embed": "consilience.encoders.category_embed:CategoryEmbed",
        "conv_image": "consilience.encoders.conv_image:ConvImage",
        "conv_sequence": "consilience.encoders.conv_sequence:ConvSequence",
        "conv_series": "consilience.encoders.conv_series:ConvSeries",
        "conv_text": "consilience.encoders.conv_text:ConvText",
        "conv3d_video": "consilience.encoders.conv3d_video:Conv3dVideo",
        "cyclic_date": "consilience.encoders.cyclic_date:CyclicDate",
        "frames_video": "consilience.encoders.frames_video:FramesVideo",
        "graph_series": "consilience.encoders.graph_series:GraphSeries",
        "hf_audio": "consilience.encoders.hf_audio:HFAudio",
        "hf_text": "consilience.encoders.pretrained.hf_text:HfText",
        "image_network": "consilience.encoders.image_network:ImageNetwork",
        "kmer_sequence": "consilience.encoders.kmer_sequence:KmerSequence",
        "linear_series": "consilience.encoders.linear_series:LinearSeries",
        "mel_audio": "consilience.encoders.mel_audio:MelAudio",
        "ngram_text": "consilience.encoders.ngram_text:NgramText",
        "number_linear": "consilience.encoders.number_linear:NumberLinear",
        "number_periodic": "consilience.encoders.number_periodic:NumberPeriodic",
        "number_piecewise": "consilience.encoders.number_piecewise:NumberPiecewise",
        "patch_series": "consilience.encoders.patch_series:PatchSeries",
        "plain_cnn": "consilience.encoders.plain_cnn:PlainCNN",
        "pyramid_image": "consilience.encoders.pyramid_image:PyramidImage",
        "rocket_series": "consilience.encoders.rocket_series:RocketSeries",
        "static_text": "consilience.encoders.pretrained.static_text:StaticText",
        "token_history": "consilience.encoders.token_history:TokenHistory",
        "transformer_sequence": "consilience.encoders.transformer_sequence:TransformerSequence",
        "transformer_text": "consilience.encoders.transformer_text:TransformerText",
        "wave_audio": "consilience.encoders.wave_audio:WaveAudio",
    },
    "fusion": {
        "attention": "consilience.fusion.attention:AttentionFusion",
        "auto": "consilience.fusion.auto:AutoFusion",
        "bottleneck": "consilience.fusion.bottleneck:BottleneckFusion",
        "concat": "consilience.fusion.concat:ConcatFusion",
        "cross_attention": "consilience.fusion.cross_attention:CrossAttentionFusion",
        "gated": "consilience.fusion.gated:GatedFusion",
        "low_rank": "consilience.fusion.low_rank:LowRankFusion",
    },
    "task": {
        "classification": "consilience.tasks.classification:Classification",
        "detection": "consilience.tasks.detection:Detection",
        "forecast": "consilience.tasks.forecast:Forecast",
        "generation": "consilience.tasks.generation:Generation",
        "multilabel": "consilience.tasks.multilabel:Multilabel",
        "regression": "consilience.tasks.regression:Regression",
        "several": "consilience.tasks.several:Several",
    },
    "reference": {
        "blobs": "consilience.references.blobs:Blobs",
        "lead": "consilience.references.lead:Lead",
        "linear": "consilience.references.linear:Linear",
        "naive": "consilience.references.forecasting.naive:Naive",
        "past_linear": "consilience.references.forecasting.ridge:PastLinear",
        "seasonal_naive": "consilience.references.forecasting.naive:SeasonalNaive",
        "theta": "consilience.references.forecasting.theta:Theta",
        "textrank": "consilience.references.textrank:TextRank",
        "trees": "consilience.references.trees:Trees",
    },
    "analysis": {
        "forecast_reasons": "consilience.explanation.forecast_analysis:ForecastReasons",
        "abstention": "consilience.evaluation.confidence.abstention:Abstention",
        "boxes": "consilience.evaluation.boxes.analysis:Boxes",
        "calibration": "consilience.evaluation.confidence.calibration:Calibration",
        "contribution": "consilience.evaluation.contribution.analysis:Contribution",
        "coverage": "consilience.evaluation.confidence.coverage:Coverage",
        "decisions": "consilience.evaluation.confidence.decisions:Decisions",
        "errors": "consilience.evaluation.weaknesses.errors:Errors",
        "explanation": "consilience.explanation.analysis:Explanation",
        "fairness": "consilience.evaluation.weaknesses.fairness:Fairness",
        "forecasting": "consilience.evaluation.forecasting.analysis:Forecasting",
        "robustness": "consilience.evaluation.weaknesses.robustness:Robustness",
        "slices": "consilience.evaluation.weaknesses.slices:Slices",
    },
    "objective": {
        "distil": "consilience.training.objectives.distil:Distil",
        "supervised": "consilience.training.objectives.supervised:Supervised",
        "uncertainty": "consilience.training.objectives.uncertainty:Uncertainty",
    },
    "tracker": {
        "mlflow": "consilience.training.listeners.mlflow:MLflow",
        "wandb": "consilience.training.listeners.wandb:WandB",
    },
    "check": {
        "box_repairs": "consilience.data.checks.box_repairs:BoxRepairs",
        "constant_column": "consilience.data.checks.constant_column:ConstantColumn",
        "duplicate_rows": "consilience.data.checks.duplicate_rows:DuplicateRows",
        "future_rows": "consilience.data.checks.future_rows:FutureRows",
        "group_leak": "consilience.data.checks.group_leak:GroupLeak",
        "identifier": "consilience.data.checks.identifier:Identifier",
        "imbalance": "consilience.data.checks.imbalance:Imbalance",
        "label_noise": "consilience.data.checks.label_noise:LabelNoise",
        "missing_target": "consilience.data.checks.missing_target:MissingTarget",
        "mixed_types": "consilience.data.checks.mixed_types:MixedTypes",
        "near_duplicate_image": "consilience.data.checks.near_duplicate_image:NearDuplicateImage",
        "near_duplicate_text": "consilience.data.checks.near_duplicate_text:NearDuplicateText",
        "poor_series": "consilience.data.checks.poor_series:PoorSeries",
        "poor_windows": "consilience.data.checks.poor_windows:PoorWindows",
        "rare_class": "consilience.data.checks.rare_class:RareClass",
        "target_leak": "consilience.data.checks.target_leak:TargetLeak",
        "unreadable_media": "consilience.data.checks.unreadable_media:UnreadableMedia",
    },
    "run_check": {
        "leak": "consilience.evaluation.checks.leak:Leak",
        "lost_coverage": "consilience.evaluation.checks.lost_coverage:LostCoverage",
        "miscalibration": "consilience.evaluation.checks.miscalibration:Miscalibration",
        "overfitting": "consilience.evaluation.checks.overfitting:Overfitting",
        "too_few_rows": "consilience.evaluation.checks.too_few_rows:TooFewRows",
        "underfitting": "consilience.evaluation.checks.underfitting:Underfitting",
        "unstable_seeds": "consilience.evaluation.checks.unstable_seeds:UnstableSeeds",
        "unused_discipline": "consilience.evaluation.checks.unused_discipline:UnusedDiscipline",
        "worse_than_linear": "consilience.evaluation.checks.worse_than_linear:WorseThanLinear",
    },
    # What the layers above know of a modality, by its name; each has a documented default for a name that is not here.
    "reading": {
        "audio": "consilience.references.sounds:SoundReading",
        "date": "consilience.references.dates:DateReading",
        "image": "consilience.references.images:ImageReading",
        "number": "consilience.references.numbers:NumberReading",
        "series": "consilience.references.series_features:SeriesReading",
        "video": "consilience.references.video:VideoReading",
    },
    "probe": {
        "audio": "consilience.evaluation.weaknesses.probes.audio:AudioProbe",
        "category": "consilience.evaluation.weaknesses.probes.category:CategoryProbe",
        "image": "consilience.evaluation.weaknesses.probes.image:ImageProbe",
        "number": "consilience.evaluation.weaknesses.probes.number:NumberProbe",
        "sequence": "consilience.evaluation.weaknesses.probes.sequence:SequenceProbe",
        "series": "consilience.evaluation.weaknesses.probes.series:SeriesProbe",
        "text": "consilience.evaluation.weaknesses.probes.text:TextProbe",
        "video": "consilience.evaluation.weaknesses.probes.video:VideoProbe",
    },
    "pieces": {
        "audio": "consilience.explanation.sound_pieces:SoundPieces",
        "image": "consilience.explanation.image_pieces:ImagePieces",
        "sequence": "consilience.explanation.sequence_pieces:SequencePieces",
        "series": "consilience.explanation.series_pieces:SeriesPieces",
        "text": "consilience.explanation.text_pieces:TextPieces",
        "video": "consilience.explanation.video_pieces:VideoPieces",
    },
    "figures": {
        "audio": "consilience.watching.figures.audio:AudioFigures",
        "image": "consilience.watching.figures.image:ImageFigures",
        "sequence": "consilience.watching.figures.sequence:SequenceFigures",
        "series": "consilience.watching.figures.series:SeriesFigures",
        "text": "consilience.watching.figures.text:TextFigures",
        "video": "consilience.watching.figures.video:VideoFigures",
    },
}


_REGISTERED: dict[str, dict[str, Any]] = {}
"""kind → name → class, of this process only."""


@cache
def load(target: str) -> Any:
    """The attribute that "module:attribute" names; kept, as a served row asks for some ten of them."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


@cache
def _plugins(kind: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=f"consilience.{kind}")}


def kinds() -> list[str]:
    return sorted(BUILTIN)


def names(kind: str) -> list[str]:
    """Every registered name of a kind, built-in and plugged in, sorted."""
    return sorted({name for source in _sources(kind) for name in source})


def _sources(kind: str) -> tuple[Mapping[str, Any], ...]:
    if kind not in BUILTIN:
        raise InputError(f"no such kind {kind!r}", fix=nearest(kind, BUILTIN))
    return BUILTIN[kind], PRESETS.get(kind, {}), _plugins(kind), _REGISTERED.get(kind, {})


def preset_options(kind: str, name: str) -> dict[str, Any]:
    """Options that the name stands for; the user's own are laid over them."""
    preset = PRESETS.get(kind, {}).get(name)
    return dict(preset.options) if preset else {}


def register(kind: str, name: str, component: type) -> None:
    """Make a class known under a name until this process ends; the same name again replaces the class.

    Raises:
        InputError: when the name belongs to Consilience or to an installed package.
    """
    if name in names(kind) and name not in _REGISTERED.get(kind, {}):
        raise InputError(f"{kind} {name!r} is known already", fix="Register yours under another name")
    _REGISTERED.setdefault(kind, {})[name] = component


def get(kind: str, name: str) -> Any:
    """The registered class.

    Raises:
        InputError: when the kind or the name is unknown; the message names the nearest ones.
    """
    if name in BUILTIN.get(kind, {}):
        return load(BUILTIN[kind][name])
    if name in PRESETS.get(kind, {}):
        return get(kind, PRESETS[kind][name].component)
    if name in _REGISTERED.get(kind, {}):
        return _REGISTERED[kind][name]
    known = names(kind)
    if name in _plugins(kind):
        return _plugins(kind)[name].load()
    raise InputError(f"no {kind} is named {name!r}", fix=nearest(name, known))


def find(kind: str, name: str) -> Any | None:
    """The registered class, None where the kind has none of that name: for what a modality may leave out."""
    return get(kind, name) if any(name in source for source in _sources(kind)) else None
