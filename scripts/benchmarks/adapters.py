"""Low-rank adapters beside full training: parameters, bytes of gradients and optimizer, checkpoint, seconds per step.

uv run scripts/benchmarks/adapters.py [names=vit_small_patch16_224,resnet50] [rank=8] [batch=8] [steps=5]
"""

import io
import resource
import sys
import time

import torch

from groundwork.model import ClassificationHead, ImageNormalize, Network, StagePool, TimmBackbone, adapt

ASKED = {
    "names": "vit_small_patch16_224,resnet50,tf_efficientnet_lite0",
    "rank": "8",
    "batch": "8",
    "steps": "5",
}


def network(name: str) -> Network:
    """Build a network from random weights, which cost what pretrained ones do."""
    torch.manual_seed(0)
    backbone = TimmBackbone(name, False, 3, 224, 0.0, "default")
    head = ClassificationHead(backbone.channels[-1], 10, 0.0)
    pool = StagePool((backbone.num_stages - 1,), ("mean",))
    return Network(ImageNormalize(backbone.mean, backbone.std, 3), backbone, pool, head)


def measure(name: str, rank: int, batch: int, steps: int) -> tuple[float, ...]:
    """Train some steps: parameters that train, MB of gradients and of AdamW, MB of a checkpoint, seconds per step."""
    one = network(name)
    if rank:
        adapt(one, rank, 2.0 * rank).train_stages((), "frozen", adapters=True)
    else:
        one.train_stages(range(one.num_stages), "frozen")
    one.train()
    optimizer = torch.optim.AdamW(one.trainable_parameters())
    images = torch.randint(0, 256, (batch, 3, 224, 224), dtype=torch.uint8)
    labels, took = torch.arange(batch) % 10, []
    for _ in range(steps + 1):
        began = time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(one(images), labels).backward()
        optimizer.step()
        took.append(time.perf_counter() - began)
    gradients = sum(value.grad.nbytes for value in one.trainable_parameters() if value.grad is not None)
    moments = sum(part.nbytes for state in optimizer.state.values() for part in state.values() if part.ndim)
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    trains = sum(value.numel() for value in one.trainable_parameters())
    return trains / 1e6, gradients / 1e6, moments / 1e6, file.tell() / 1e6, min(took[1:])


def main() -> None:
    """Print one table."""
    asked = ASKED | dict(word.split("=", 1) for word in sys.argv[1:])
    rank, batch, steps = (int(asked[key]) for key in ("rank", "batch", "steps"))
    print(
        "| backbone | training | parameters, M | gradients, MB | optimizer, MB | weights saved, MB | s per step |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in asked["names"].split(","):
        for title, own in (("full", 0), (f"lora, rank {rank}", rank)):
            numbers = " | ".join(f"{value:.2f}" for value in measure(name, own, batch, steps))
            print(f"| {name} | {title} | {numbers} |", flush=True)
    print(
        f"peak of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
