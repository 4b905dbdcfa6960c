"""Tiny models with random weights, in the architectures and file layouts of the real ones."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertForSequenceClassification,
    BertModel,
    BertTokenizer,
    GPT2Tokenizer,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
)

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
PICTURE = {"image_size": 32, "patch_size": 8}
# More than the thousand logits that text_generation lists one by one.
VOCABULARY = 1100

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
        "Qwen/Qwen3-4B-Instruct-2507": _build_qwen,
        "Qwen/Qwen3-Embedding-0.6B": _build_qwen_embedding,
        "cross-encoder/ms-marco-MiniLM-L6-v2": _build_cross_encoder,
        "HuggingFaceTB/SmolVLM-500M-Instruct": _build_smolvlm,
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
    _write(place / "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})
    _write_modules(place, "pooling_mode_mean_tokens", {})


def _write_modules(place: Path, pooling_mode: str, prompts: dict[str, str]) -> None:
    _write(place / "modules.json", MODULES)
    _write(place / "config_sentence_transformers.json", {"__version__": {}, "prompts": prompts})
    pooling = {"word_embedding_dimension": SMALL["hidden_size"], pooling_mode: True}
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


def _build_qwen(place: Path, text: Sequence[str]) -> None:
    special = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    tokenizer = _learn_tokenizer(Qwen2Tokenizer, place, text, chat_template=CHAT, **special)
    ids = {f"{name}_id": getattr(tokenizer, f"{name}_id") for name in special}
    shape = SMALL | {"num_key_value_heads": 2, "head_dim": 8}
    Qwen3ForCausalLM(Qwen3Config(vocab_size=len(tokenizer), **ids, **shape)).save_pretrained(place)
    _split_weights(place, 3)


def _split_weights(place: Path, count: int) -> None:
    weights = load_file(place / "model.safetensors")
    (place / "model.safetensors").unlink()
    shard_of: dict[str, str] = {}
    for number in range(count):
        shard = f"model-{number + 1:05}-of-{count:05}.safetensors"
        part = {name: weights[name] for name in list(weights)[number::count]}
        save_file(part, place / shard, metadata={"format": "pt"})
        shard_of |= dict.fromkeys(part, shard)
    _write(place / "model.safetensors.index.json", {"metadata": {}, "weight_map": shard_of})


def _build_qwen_embedding(place: Path, text: Sequence[str]) -> None:
    special = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    tokenizer = _learn_tokenizer(Qwen2Tokenizer, place, text, **special)
    shape = SMALL | {"num_key_value_heads": 2, "head_dim": 8}
    Qwen3Model(Qwen3Config(vocab_size=len(tokenizer), **shape)).save_pretrained(place)
    _write_modules(place, "pooling_mode_lasttoken", {"query": "Instruct: Find it\nQuery:", "document": ""})


def _build_cross_encoder(place: Path, text: Sequence[str]) -> None:
    tokenizer = _learn_tokenizer(BertTokenizer, place, text)
    config = BertConfig(vocab_size=len(tokenizer), num_labels=1, **SMALL)
    BertForSequenceClassification(config).save_pretrained(place)


def _build_smolvlm(place: Path, text: Sequence[str]) -> None:
    special = {"bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|im_end|>"}
    tokenizer = _learn_tokenizer(GPT2Tokenizer, place, text, **special)
    marks = ["<fake_token_around_image>", "<image>", "<global-img>"]
    tokenizer.add_special_tokens({"extra_special_tokens": marks})
    tokenizer.save_pretrained(place, save_jinja_files=False)
    ids = {f"{name}_id": getattr(tokenizer, f"{name}_id") for name in special}
    config = Idefics3Config(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_config=SMALL | PICTURE,
        text_config=SMALL | ids | {"model_type": "llama", "vocab_size": len(tokenizer)},
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    Idefics3ForConditionalGeneration(config).save_pretrained(place)
    side = {"longest_edge": PICTURE["image_size"]}
    Idefics3ImageProcessorPil(do_image_splitting=False, size=side, max_image_size=side).save_pretrained(place)
    _write(place / "processor_config.json", {"image_seq_len": 4, "processor_class": "Idefics3Processor"})
