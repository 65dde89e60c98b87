import torch

from groundwork.core.batch import Batch
from groundwork.model import MultilabelHead
from groundwork.task import MultilabelTask


def test_mixed_images_have_mixed_labels_and_an_unknown_label_stays_unknown():
    def mix(inputs, share, keys):
        return (inputs + inputs.flip(0)) / 2, (share + share.flip(0)) / 2

    task = MultilabelTask(network=torch.nn.Linear(1, 2), mix=mix, penalty=lambda _: 0)
    target = torch.tensor([[1.0, 0.0], [0.0, torch.nan]], dtype=torch.float64)
    inputs, mixed = task.prepare(Batch(torch.tensor([[0.0], [2.0]]), target, torch.arange(2)))
    assert inputs.tolist() == [[1.0], [1.0]]
    assert mixed.dtype is torch.float32
    assert mixed[:, 0].tolist() == [0.5, 0.5]
    assert mixed[:, 1].isnan().all()


def test_several_networks_in_one_predict_the_mean_of_their_probabilities():
    head = MultilabelHead(6, 2, 0.0, num_members=3).eval()
    outputs = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0)) * 4
    torch.testing.assert_close(head.decode(head.average(outputs)), outputs.sigmoid().mean(dim=1))
