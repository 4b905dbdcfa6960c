"""Turn a GGUF file of a Llama model into the safetensors files that `from_pretrained` reads.

Run as `python -m cardbook.models.gguf FILE.gguf FOLDER`.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM


def convert(gguf: Path, folder: Path) -> None:
    """Write config, float32 weights and tokenizer of the GGUF file's model into `folder`."""
    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    settings = loaded.config.to_dict()
    # save_pretrained refuses a model that is marked as quantised; these weights no longer are.
    settings.pop("quantization_config", None)
    settings.pop("_name_or_path", None)
    model = LlamaForCausalLM(LlamaConfig(**settings)).float()
    model.load_state_dict(loaded.state_dict())
    model.tie_weights()
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tokenizer.save_pretrained(folder)
    split_digits(folder / "tokenizer.json")


def split_digits(path: Path) -> None:
    """Make the tokenizer split numbers into digits first, like SmolLM2's own.

    GGUF names this rule only as `tokenizer.ggml.pre = smollm`, and the loader does not carry it over.
    Source: the pre-tokenizer "smollm" of llama.cpp (src/llama-vocab.cpp).
    """
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    digits = {"type": "Digits", "individual_digits": True}
    steps = [digits, tokenizer["pre_tokenizer"]]
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": steps}
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
