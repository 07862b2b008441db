"""Well-known names for a component with options, as data: `type: resnet18` is `image_network` with its options filled.

A preset's options stand below the user's own: `{type: resnet18, size: 96}` changes one and keeps the others.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Preset(NamedTuple):
    """component: registered name. options: of its Config. line: one line for `consilience list`."""

    component: str
    options: dict[str, Any]
    line: str


PAPERS = {
    "alexnet": "Krizhevsky 2014, One weird trick (arXiv 1404.5997), the lighter AlexNet",
    "convnext": "Liu et al. 2022, A ConvNet for the 2020s (arXiv 2201.03545)",
    "densenet": "Huang et al. 2017, Densely Connected Convolutional Networks (arXiv 1608.06993)",
    "efficientnet": "Tan & Le 2019, EfficientNet (arXiv 1905.11946)",
    "efficientnet_v2": "Tan & Le 2021, EfficientNetV2 (arXiv 2104.00298)",
    "googlenet": "Szegedy et al. 2015, Going Deeper with Convolutions (arXiv 1409.4842)",
    "inception": "Szegedy et al. 2016, Rethinking the Inception Architecture (arXiv 1512.00567)",
    "mnasnet": "Tan et al. 2019, MnasNet (arXiv 1807.11626)",
    "mobilenet_v2": "Sandler et al. 2018, MobileNetV2 (arXiv 1801.04381)",
    "mobilenet_v3": "Howard et al. 2019, Searching for MobileNetV3 (arXiv 1905.02244)",
    "regnet": "Radosavovic et al. 2020, Designing Network Design Spaces (arXiv 2003.13678)",
    "resnet": "He et al. 2016, Deep Residual Learning for Image Recognition (arXiv 1512.03385)",
    "resnext": "Xie et al. 2017, Aggregated Residual Transformations (arXiv 1611.05431)",
    "shufflenet": "Ma et al. 2018, ShuffleNet V2 (arXiv 1807.11164)",
    "squeezenet": "Iandola et al. 2016, SqueezeNet (arXiv 1602.07360)",
    "swin": "Liu et al. 2021, Swin Transformer (arXiv 2103.14030)",
    "vgg": "Simonyan & Zisserman 2015, Very Deep Convolutional Networks (arXiv 1409.1556)",
    "vit": "Dosovitskiy et al. 2021, An Image is Worth 16x16 Words (arXiv 2010.11929)",
    "deit": "Touvron et al. 2021, Training data-efficient image transformers (arXiv 2012.12877)",
    "wide_resnet": "Zagoruyko & Komodakis 2016, Wide Residual Networks (arXiv 1605.07146)",
}
"""Family → where it was published."""

TORCHVISION = {
    "alexnet": ("alexnet",),
    "convnext": ("convnext_tiny", "convnext_small", "convnext_base"),
    "densenet": ("densenet121", "densenet169", "densenet201"),
    "efficientnet": tuple(f"efficientnet_b{i}" for i in range(5)),
    "efficientnet_v2": ("efficientnet_v2_s",),
    "googlenet": ("googlenet",),
    "inception": ("inception_v3",),
    "mnasnet": ("mnasnet1_0",),
    "mobilenet_v2": ("mobilenet_v2",),
    "mobilenet_v3": ("mobilenet_v3_small", "mobilenet_v3_large"),
    "regnet": ("regnet_y_400mf",),
    "resnet": ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    "resnext": ("resnext50_32x4d",),
    "shufflenet": ("shufflenet_v2_x1_0",),
    "squeezenet": ("squeezenet1_1",),
    "swin": ("swin_t", "swin_s"),
    "vgg": ("vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"),
    "vit": ("vit_b_16", "vit_b_32"),
    "wide_resnet": ("wide_resnet50_2",),
}
"""Family → torchvision's own names, which are ours too."""
OTHERS = {
    "deit_tiny": ("deit", "timm", "deit_tiny_patch16_224"),
    "squeezenet": ("squeezenet", "torchvision", "squeezenet1_1"),
    "vit_small": ("vit", "timm", "vit_small_patch16_224"),
    "vit_tiny": ("vit", "timm", "vit_tiny_patch16_224"),
}
"""Our name → family, library, the library's name."""


def _images() -> dict[str, Preset]:
    named = {n: (family, "torchvision", n) for family, members in TORCHVISION.items() for n in members} | OTHERS
    return {
        name: Preset("image_network", {"library": library, "model": model}, PAPERS[family])
        for name, (family, library, model) in named.items()
    }


LIBRARIES = {
    "hf_image": Preset(
        "image_network",
        {"library": "transformers", "pretrained": True, "tune": "frozen"},
        "Any image tower of transformers, by `model`: ViT, DINOv2, ConvNeXt, the image half of CLIP and SigLIP.",
    ),
    "timm_image": Preset("image_network", {"library": "timm"}, "Any image network of timm, by `model`."),
    "torchvision_image": Preset(
        "image_network", {"library": "torchvision"}, "Any classification network of torchvision, by `model`."
    ),
}

TEXTS = {
    "bert": "Devlin et al. 2019, BERT (arXiv 1810.04805)",
    "distilbert": "Sanh et al. 2019, DistilBERT (arXiv 1910.01108)",
    "electra": "Clark et al. 2020, ELECTRA (arXiv 2003.10555)",
    "gpt2": "Radford et al. 2019, Language Models are Unsupervised Multitask Learners",
    "roberta": "Liu et al. 2019, RoBERTa (arXiv 1907.11692)",
    "xlm_roberta": "Conneau et al. 2020, XLM-R (arXiv 1911.02116)",
}
"""Architectures of transformers that read texts; from scratch, small, with the project's own sub-words."""


def _texts() -> dict[str, Preset]:
    fresh = {"pretrained": False, "tune": "full"}
    return {n: Preset("hf_text", {"model": n, **fresh}, line) for n, line in TEXTS.items()}


PRESETS: dict[str, dict[str, Preset]] = {"encoder": {**_images(), **_texts(), **LIBRARIES}}
"""kind → name → Preset."""
