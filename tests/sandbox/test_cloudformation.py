"""Templates: how they are read, and what the functions in them give."""

from pathlib import Path
from textwrap import dedent

import pytest

from sandbox.cloudformation import Stack, TemplateError, load

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Group: {Type: String}
  Mail: {Type: String, Default: ""}
Conditions:
  Mails: !Not [!Equals [!Ref Mail, ""]]
  IsTest: !Equals [!Ref Group, Test]
  Both: !And [!Condition Mails, !Condition IsTest]
  Either: !Or [{Condition: Mails}, {Condition: IsTest}]
Resources:
  Key:
    Type: AWS::KMS::Key
  Thing:
    Type: Some::Thing
    Properties:
      Version: 2012-10-17
      Ref: !Ref Group
      Name: !Sub "${AWS::Region}/${Group}/${Key.Arn}/${!literal}"
      Own: !Sub ["${a}-${Group}", {a: !GetAtt Key.Arn}]
      Path: !Join [":", [a, !Ref Group, !If [Mails, b, !Ref AWS::NoValue]]]
      List:
        - !If [Both, both, !Ref AWS::NoValue]
        - !If [Either, either, !Ref AWS::NoValue]
      Gone: !If [Mails, here, !Ref AWS::NoValue]
      Long: {"Fn::Sub": "${Group}"}
      Data: {one: 1, two: {three: [!Ref Group]}}
"""
VALUES = {"AWS::Region": "eu-central-1", "Group": "Test", "Key.Arn": "arn:aws:kms:x:1:key/2"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "template.yml"
    path.write_text(dedent(TEMPLATE))
    return path


def test_functions_give_what_they_stand_for(file: Path) -> None:
    assert Stack(load(file), VALUES).properties("Thing") == {
        "Version": "2012-10-17",
        "Ref": "Test",
        "Name": "eu-central-1/Test/arn:aws:kms:x:1:key/2/${literal}",
        "Own": "arn:aws:kms:x:1:key/2-Test",
        "Path": "a:Test",
        "List": ["either"],
        "Long": "Test",
        "Data": {"one": 1, "two": {"three": ["Test"]}},
    }


def test_a_parameter_may_be_given_another_value(file: Path) -> None:
    found = Stack(load(file), VALUES | {"Mail": "a@example.com"}).properties("Thing")
    assert (found["Gone"], found["List"], found["Path"]) == ("here", ["both", "either"], "a:Test:b")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Ref": "Nobody"}, "nobody says what Nobody is"),
        ({"Ref": "Key"}, "nobody says what Key is"),
        ({"Fn::GetAtt": ["Key", "Id"]}, "nobody says what Key.Id is"),
        ({"Fn::Sub": "${Nobody}"}, "nobody says what Nobody is"),
        ({"Fn::ImportValue": "x"}, "unknown intrinsic function Fn::ImportValue"),
        ({"Fn::If": ["Nothing", 1, 2]}, "there is no condition Nothing"),
        ({"Fn::If": [{"Fn::Contains": []}, 1, 2]}, "unknown condition function Fn::Contains"),
    ],
)
def test_what_is_not_known_is_an_error(file: Path, value: object, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        Stack(load(file), VALUES).resolved(value)


def test_a_resource_that_is_not_there(file: Path) -> None:
    with pytest.raises(TemplateError, match="there is no resource Other"):
        Stack(load(file), VALUES).properties("Other")


def test_a_file_that_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: 1")
    with pytest.raises(TemplateError, match=r"a\.yml: there are no Resources"):
        load(tmp_path / "a.yml")
