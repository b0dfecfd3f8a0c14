"""Muon for the matrices, AdamW for the rest: one optimizer that schedulers and checkpoints see as any other."""

from collections import defaultdict

import torch

from llmlab.models.cost import LARGE

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # coefficients of Jordan et al. 2024
MUON_RATIO = 6.0  # how much faster the matrices learn than what AdamW moves


class MuonAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) on hidden matrices, AdamW (Loshchilov and Hutter 2019) on embeddings, norms and biases.

    torch.optim.Muon orthogonalises in bf16, which a CPU emulates 20 times slower than fp32; here it runs in the parameters'
    own precision, and matrices of one shape go through it together.

    Args:
        learning_rate: peak of the AdamW part; `muon_ratio` times it is the peak of the Muon part.
    """

    def __init__(self, model, learning_rate, muon_ratio=MUON_RATIO, weight_decay=0.1, betas=(0.9, 0.95)):
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        tables = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
        tables |= {id(p) for n, p in named if "lm_head" in n or "embed" in n}
        matrices = [p for _, p in named if p.ndim == 2 and id(p) not in tables]
        inside = {id(p) for p in matrices}
        rest = [p for _, p in named if id(p) not in inside]
        groups = [
            dict(params=matrices, lr=learning_rate * muon_ratio, weight_decay=weight_decay, muon=True),
            dict(params=rest, lr=learning_rate, weight_decay=0.0, muon=False),
        ]
        super().__init__([g for g in groups if g["params"]], dict(betas=betas))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            (self._muon if group["muon"] else self._adamw)(group, parameters)

    def _muon(self, group, parameters):
        shapes = defaultdict(list)
        for p in parameters:
            momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
            momentum.lerp_(p.grad, 0.05)
            shapes[p.shape].append((p, p.grad.lerp(momentum, 0.95)))  # Nesterov
        for shape, pairs in shapes.items():
            updates = orthogonalise(torch.stack([update for _, update in pairs]))
            scale = max(1, shape[0] / shape[1]) ** 0.5
            for (p, _), update in zip(pairs, updates):
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-group["lr"] * scale)

    def _adamw(self, group, parameters):
        first, second = group["betas"]
        for p in parameters:
            state = self.state[p]
            if not state:
                state.update(step=torch.zeros(()), mean=torch.zeros_like(p), square=torch.zeros_like(p))
            state["step"] += 1
            state["mean"].lerp_(p.grad, 1 - first)
            state["square"].lerp_(p.grad.square(), 1 - second)
            t = state["step"].item()
            rate = group["lr"] / (1 - first**t)
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.addcdiv_(state["mean"], (state["square"] / (1 - second**t)).sqrt().add_(1e-8), value=-rate)


def orthogonalise(matrices, steps=5):
    """The nearest orthogonal matrix of each in a stack (N, rows, columns), by five Newton-Schulz iterations."""
    a, b, c = _NEWTON_SCHULZ
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).contiguous()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    if x.shape[1] < x.shape[2]:
        x = _product(x @ x.mT, steps) @ x
    else:
        for _ in range(steps):
            gram = x @ x.mT
            x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def _product(gram, steps):
    """What all iterations together multiply a wide matrix by: its Gram matrix is smaller, and all factors are polynomials of it."""
    (a, b, c), product = _NEWTON_SCHULZ, None
    for n in range(steps):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        product = factor if product is None else factor @ product
        gram = factor @ gram @ factor if n + 1 < steps else None
    return product


class Factory:
    """What Trainer's `optimizer_cls_and_kwargs` accepts in place of a class: called without arguments, it gives a maker."""

    def __call__(self, model, **kwargs):
        return MuonAdamW(model, **kwargs)


# (stage, all weights or an adapter, large): optimizer and peak learning rate. Those of small models with all weights, and of supervised fine-tuning
# of large ones, were best of several on the embedded world (see the log); the others are what the field uses for such sizes, never compared here. A reward
# model has a head that is new, and so a rate of its own: TRL's default, and ten times as much with an adapter.
SUITED = {
    ("pretrain", "full", False): ("muon", 4e-3),
    ("sft", "full", False): ("muon", 8e-4),
    ("preference", "full", False): ("adamw", 5e-5),
    ("distill", "full", False): ("muon", 1e-3),
    ("sft", "adapter", False): ("adamw", 2e-3),
    ("pretrain", "adapter", False): ("adamw", 2e-3),
    ("preference", "adapter", False): ("adamw", 2e-4),
    ("pretrain", "full", True): ("adamw", 1e-4),
    ("pretrain", "adapter", True): ("adamw", 5e-4),
    ("sft", "full", True): ("adamw", 2e-4),
    ("sft", "adapter", True): ("adamw", 3e-3),
    ("preference", "full", True): ("adamw", 1e-6),
    ("preference", "adapter", True): ("adamw", 2e-5),
    ("distill", "full", True): ("adamw", 2e-4),
    ("reward", "full", False): ("adamw", 1e-4),
    ("reward", "full", True): ("adamw", 1e-4),
    ("reward", "adapter", False): ("adamw", 1e-3),
    ("reward", "adapter", True): ("adamw", 1e-3),
}


# Conversations of a step of supervised fine-tuning. Of large models with all weights batches of 2, 4, 8 and 16 were compared at equal minutes (see the
# log: updates are what is short, not tokens); the others are as they were in all that was measured of them.
TOGETHER = {("full", True): 2}
USUAL = 16


def suited(stage, adapter, parameters):
    """(optimizer, peak learning rate) that a stage begins with for models of this size.

    Args:
        adapter: "full", or a kind of adapter.
        parameters: of the whole model.
    """
    return SUITED[stage, "full" if adapter == "full" else "adapter", parameters > LARGE]


def together(batch_size, adapter, parameters):
    """Conversations of a step of supervised fine-tuning: so many as are asked for, or, for 0, the number that suits this size; arguments as for `suited`."""
    return batch_size or TOGETHER.get(("full" if adapter == "full" else "adapter", parameters > LARGE), USUAL)


def chosen(name, learning_rate, weight_decay=0.1):
    """Trainer arguments for `optimizer = "muon"` or "adamw"."""
    if name == "muon":
        return dict(optimizer_cls_and_kwargs=(Factory, dict(learning_rate=learning_rate, weight_decay=weight_decay)))
    return {}
