"""Tiny models with random weights, in the architectures and file layouts of the real ones."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertModel,
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    GPT2Tokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
PICTURE = {"image_size": 32, "patch_size": 16}
VOCABULARY = 1000

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]
CHAT = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"


def build_models(folder: Path, text: Sequence[str]) -> dict[str, dict[str, bytes]]:
    """Return the files of a tiny model for each real id, with vocabularies learned from the text."""
    torch.manual_seed(0)
    builders = {
        "sentence-transformers/all-MiniLM-L6-v2": _build_minilm,
        "HuggingFaceTB/SmolLM2-135M-Instruct": _build_smollm,
        "google-bert/bert-base-uncased": _build_bert,
        "Salesforce/blip-image-captioning-large": _build_blip,
    }
    files = {}
    for model_id, build in builders.items():
        place = folder / model_id
        place.mkdir(parents=True)
        build(place, text)
        paths = [path for path in place.rglob("*") if path.is_file()]
        files[model_id] = {path.relative_to(place).as_posix(): path.read_bytes() for path in paths}
    return files


def _learn_tokenizer(
    kind: type[PreTrainedTokenizerFast], place: Path, text: Sequence[str], **settings: object
) -> PreTrainedTokenizerFast:
    tokenizer = kind(**settings).train_new_from_iterator(text, VOCABULARY, show_progress=False)
    tokenizer.save_pretrained(place, save_jinja_files=False)
    tokenizer.backend_tokenizer.model.save(str(place))
    _write(place / "special_tokens_map.json", tokenizer.special_tokens_map)
    return tokenizer


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _build_minilm(place: Path, text: Sequence[str]) -> None:
    tokenizer = _learn_tokenizer(BertTokenizer, place, text)
    BertModel(BertConfig(vocab_size=len(tokenizer), **SMALL)).save_pretrained(place)
    _write(place / "modules.json", MODULES)
    _write(place / "config_sentence_transformers.json", {"__version__": {}})
    _write(place / "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})
    pooling = {"word_embedding_dimension": SMALL["hidden_size"], "pooling_mode_mean_tokens": True}
    _write(place / "1_Pooling" / "config.json", pooling)


def _build_smollm(place: Path, text: Sequence[str]) -> None:
    special = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"}
    tokenizer = _learn_tokenizer(GPT2Tokenizer, place, text, chat_template=CHAT, **special)
    ids = {f"{name}_id": getattr(tokenizer, f"{name}_id") for name in special}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **ids, **SMALL)).save_pretrained(place)


def _build_bert(place: Path, text: Sequence[str]) -> None:
    tokenizer = _learn_tokenizer(BertTokenizer, place, text)
    model = BertForPreTraining(BertConfig(vocab_size=len(tokenizer), **SMALL))
    model.save_pretrained(place)
    config = json.loads((place / "config.json").read_text(encoding="utf-8"))
    # As in the real one: the weights have both heads, the configuration names only the first.
    _write(place / "config.json", config | {"architectures": ["BertForMaskedLM"]})


def _build_blip(place: Path, text: Sequence[str]) -> None:
    tokenizer = _learn_tokenizer(BertTokenizer, place, text)
    ids = {
        "bos_token_id": tokenizer.cls_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    shape = SMALL | {"encoder_hidden_size": SMALL["hidden_size"], "projection_dim": 32}
    config = BlipConfig(
        text_config=shape | ids | {"vocab_size": len(tokenizer)},
        vision_config=SMALL | PICTURE,
        projection_dim=32,
        image_text_hidden_size=32,
    )
    BlipForConditionalGeneration(config).save_pretrained(place)
    side = PICTURE["image_size"]
    BlipImageProcessor(size={"height": side, "width": side}).save_pretrained(place)
