import pytest
import torch

from llmlab.models import cost, families, weights
from llmlab.spine.errors import UserError

torch.manual_seed(0)


@pytest.fixture(scope="module", params=families.FAMILIES)
def family(request):
    config = families.configure(request.param, 300, 32, 2, 2, 64)
    return request.param, config, families.initialise(config, 1).eval()


IDS = torch.randint(6, 300, (3, 24), generator=torch.Generator().manual_seed(1))
GREEDY = dict(do_sample=False, max_new_tokens=8, eos_token_id=None, pad_token_id=0)


@torch.no_grad()
def test_a_future_token_changes_no_past_logit(family):
    _, _, model = family
    other = IDS.clone()
    other[:, 16:] = 7
    assert (
        torch.equal(model(input_ids=IDS).logits[:, :16], model(input_ids=other).logits[:, :16])
        or (model(input_ids=IDS).logits[:, :16] - model(input_ids=other).logits[:, :16]).abs().max() < 1e-5
    )


@torch.no_grad()
def test_cached_decoding_equals_the_full_forward(family):
    _, _, model = family
    assert torch.equal(model.generate(IDS, **GREEDY), model.generate(IDS, use_cache=False, **GREEDY))


@torch.no_grad()
def test_left_padding_changes_nothing(family):
    _, _, model = family
    padded = torch.cat([torch.zeros(3, 5, dtype=torch.long), IDS], 1)
    mask = (torch.arange(29) >= 5).long().expand(3, -1)
    assert torch.equal(model.generate(padded, attention_mask=mask, **GREEDY)[:, 29:], model.generate(IDS, **GREEDY)[:, 24:])


@torch.no_grad()
def test_saved_and_loaded_again_it_is_the_same(family, small, tmp_path):
    _, _, model = family
    model.save_pretrained(tmp_path)
    from transformers import AutoModelForCausalLM

    again = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert torch.equal(model(input_ids=IDS).logits, again(input_ids=IDS).logits)


def test_the_counts_are_exact_and_the_parts_add_up(family):
    name, config, model = family
    counts = cost.parameters(config)
    assert counts["total"] == sum(p.numel() for p in model.parameters())
    assert sum(v for k, v in counts.items() if k not in ("total", "active")) == counts["total"]
    assert counts["active"] < counts["total"] if name == "moe" else counts["active"] == counts["total"]


def test_operations_agree_with_torchs_counter():
    from torch.utils.flop_counter import FlopCounterMode

    for name in ("transformer", "cnn"):
        config = families.configure(name, 512, 64, 4, 4, 128)
        model = families.initialise(config, 0)
        half_square = 0
        if name == "transformer":  # the counter knows eager attention only, which also computes the masked half
            model.set_attn_implementation("eager")
            half_square = 2 * 4 * 64 * 128
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(input_ids=torch.ones(2, 128, dtype=torch.long))
        assert abs(cost.flops_per_token(config, 128) / (counter.get_total_flops() / 256 - half_square) - 1) < 0.01


def test_text_is_judged_in_windows_of_the_context_and_conversations_in_longer_ones(family):
    _, _, model = family
    assert weights.context(model) == 64 and weights.window(model) == 512


def test_memory_grows_with_the_batch(family):
    _, config, _ = family
    assert cost.memory(config, 8, 32)["training"] > cost.memory(config, 2, 32)["training"] > cost.memory(config, 2, 32)["serving"]


def test_a_token_reads_the_active_weights_and_the_cache(family):
    name, config, _ = family
    read, held = cost.bytes_per_token(config, 32), cost.memory(config, 1, 32)["serving"]
    assert read < held if name == "moe" else read == held, "of a mixture only some experts are read"


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'transformer'"):
        families.configure("transfromer", 300, 32, 2)


@pytest.mark.parametrize("spoil", [lambda f: f.write_bytes(b"junk"), lambda f: f.unlink(), lambda f: f.write_bytes(f.read_bytes()[:500])])
def test_a_corrupt_model_is_named_with_the_way_to_mend_it(small, tmp_path, spoil):
    import shutil

    shutil.copytree(small / "model", tmp_path / "model")
    spoil(tmp_path / "model/model.safetensors")
    with pytest.raises(UserError, match="does not load"):
        weights.load(tmp_path / "model")


def test_a_pickle_is_never_read(small, tmp_path):
    import shutil

    shutil.copytree(small / "model", tmp_path / "model")
    (tmp_path / "model/model.safetensors").unlink()
    torch.save({"x": 1}, tmp_path / "model/pytorch_model.bin")
    with pytest.raises(UserError):
        weights.load(tmp_path / "model")
