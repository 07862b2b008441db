"""COCO, Pascal VOC and YOLO read as the same table."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from consilience.core.errors import InputError
from consilience.data.box_cells import read_cell
from consilience.data.table import read_table

WIDE, HIGH = 40, 20


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((HIGH, WIDE, 3), np.uint8))


def corners(cell: str) -> list[tuple[float, float, float, float, str]]:
    found = read_cell(cell)
    assert found is not None
    return [tuple(box) for box in found.boxes]


BOX = (10.0, 5.0, 30.0, 15.0, "dog")


def test_coco(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    whole = {
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}],
        "annotations": [
            {"image_id": 7, "bbox": [10, 5, 20, 10], "category_id": 3},
            {"image_id": 7, "bbox": [0, 0, 9, 9], "category_id": 3, "iscrowd": 1},
        ],
        "categories": [{"id": 3, "name": "dog"}],
    }
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(whole))
    table = read_table(path)
    assert table.frame["image"].to_list() == ["images/a.jpg", "images/b.jpg"]
    assert [corners(c) for c in table.frame["boxes"]] == [[BOX], []]
    assert any("crowd" in note for note in table.notes)


def test_coco_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    path.write_text(json.dumps({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1}]}))
    with pytest.raises(InputError, match="annotation 0 has no bbox"):
        read_table(path)


def test_plain_json_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text('[{"a": 1}, {"a": 2}]')
    assert read_table(path).frame["a"].to_list() == [1, 2]


def test_coco_files_in_a_folder_of_parts(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        picture(tmp_path / part / "a.jpg")
        whole = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}
        (tmp_path / part / "_annotations.coco.json").write_text(json.dumps(whole))
    table = read_table(tmp_path)
    assert table.frame.rows() == [("train/a.jpg", "[]", "train"), ("valid/a.jpg", "[]", "valid")]


def test_voc(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "a.jpg")
    (tmp_path / "Annotations").mkdir()
    box = "<bndbox><xmin>10</xmin><ymin>5</ymin><xmax>30</xmax><ymax>15</ymax></bndbox>"
    text = f"<annotation><filename>a.jpg</filename><object><name>dog</name>{box}</object></annotation>"
    (tmp_path / "Annotations" / "a.xml").write_text(text)
    table = read_table(tmp_path)
    assert (tmp_path / table.frame["image"][0]).is_file()
    assert corners(table.frame["boxes"][0]) == [BOX]


def test_voc_with_entities_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<annotation><!ENTITY x "y"></annotation>')
    with pytest.raises(InputError, match="entities"):
        read_table(tmp_path)


def test_yolo(tmp_path: Path) -> None:
    for part in ("train", "val"):
        picture(tmp_path / "images" / part / "a.png")
        (tmp_path / "labels" / part).mkdir(parents=True)
    picture(tmp_path / "images" / "train" / "b.png")
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    (tmp_path / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "labels" / "val" / "a.txt").write_text("1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n")
    frame = read_table(tmp_path).frame
    found = {(row["split"], Path(row["image"]).stem): corners(row["boxes"]) for row in frame.to_dicts()}
    assert found == {("train", "a"): [BOX], ("train", "b"): [], ("valid", "a"): [BOX]}


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5\n")
    with pytest.raises(InputError, match="line 1"):
        read_table(tmp_path)
