import numpy as np
from sklearn.datasets import load_diabetes, load_digits

from groundwork.data import read_diabetes, read_digits


def test_digits_keep_their_seventeen_levels():
    samples, bunch = read_digits(), load_digits()
    assert samples.pixels.shape == (1797, 8, 8, 1)
    np.testing.assert_array_equal(np.rint(samples.pixels[..., 0] / 255 * 16), bunch.images)
    assert samples.target["class"].tolist() == [str(label) for label in bunch.target]
    assert samples.sample_id.is_unique


def test_diabetes_is_the_table_of_scikit_learn():
    samples, frame = read_diabetes(None, [], ["sex"]), load_diabetes(as_frame=True, scaled=False).frame
    assert samples.inputs.shape == (442, 10)
    assert samples.categorical == ("sex",)
    np.testing.assert_array_equal(samples.inputs["bmi"], frame["bmi"])
    np.testing.assert_array_equal(samples.target["target"], frame["target"])
    assert read_diabetes(["bmi"], None, None).inputs.columns.tolist() == ["bmi"]
