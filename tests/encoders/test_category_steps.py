from __future__ import annotations

import torch

from consilience.core.config import Choice
from consilience.encoders.category_steps import CategorySteps


def test_all_steps_share_one_vocabulary() -> None:
    facts = {"columns": ["k +1", "k +2"], "vocabulary": [["work", "rest"], ["rest", "feast"]]}
    learned = CategorySteps.learn(CategorySteps.Config(), facts)
    assert learned["vocabulary"] == [["work", "rest", "feast"]] * 2


def test_the_step_of_a_category_counts_and_missing_is_not_unseen() -> None:
    facts = {"columns": ["k +1", "k +2"], "vocabulary": [["work", "rest"]] * 2}
    torch.manual_seed(0)
    encoder = Choice(type="category_steps").complete("encoder").build("encoder", facts).eval()
    index = torch.tensor([[1, 2], [2, 1], [1, 0], [1, 0]]).unsqueeze(-1)
    mask = torch.tensor([[True, True], [True, True], [True, True], [True, False]]).unsqueeze(-1)
    x = encoder({"index": index, "mask": mask}).x[:, 0]
    assert all(not torch.allclose(x[a], x[b], atol=1e-3) for a, b in ((0, 1), (0, 2), (2, 3)))
