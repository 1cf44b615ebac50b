"""SAM as plain CloudFormation."""

import json
from pathlib import Path

import pytest

from local import native_template
from local.native_template import TemplateError

SAM = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Limit: {Type: Number, Default: 7}
Globals:
  Function: {Runtime: python3.11, CodeUri: functions/}
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 5}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Timeout: 30
      Events:
        Work:
          Type: SQS
          Properties: {Queue: !GetAtt Work.Arn, ScalingConfig: {MaximumConcurrency: !Ref Limit}}
"""


def test_short_intrinsics_are_read_in_their_long_form() -> None:
    text = "a: !Ref X\nb: !GetAtt Y.Arn.Z\nc: !Sub '${A}'\nd: !If [C, !Ref P, 1]\ne: !Condition C"

    assert native_template.load(text) == {
        "a": {"Ref": "X"},
        "b": {"Fn::GetAtt": ["Y", "Arn.Z"]},
        "c": {"Fn::Sub": "${A}"},
        "d": {"Fn::If": ["C", {"Ref": "P"}, 1]},
        "e": {"Condition": "C"},
    }


def test_an_sqs_event_becomes_the_mapping_that_joins_queue_and_function() -> None:
    resources = native_template.native(native_template.load(SAM))["Resources"]

    mapping = resources["WorkerWork"]
    assert mapping["Type"] == "AWS::Lambda::EventSourceMapping"
    assert mapping["Properties"]["EventSourceArn"] == {"Fn::GetAtt": ["Work", "Arn"]}
    assert resources["Worker"]["Type"] == "AWS::Lambda::Function"


def test_the_loaded_template_is_left_as_it_was() -> None:
    template = native_template.load(SAM)
    before = json.dumps(template)

    native_template.native(template)

    assert json.dumps(template) == before


def test_no_aws_profile_of_the_user_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "there-is-none-of-this-name")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    assert native_template.native(native_template.load(SAM))["Resources"]


def test_what_is_no_valid_sam_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(SAM.replace("Runtime: python3.11, ", ""))

    assert native_template.main([str(path)]) == 1

    error = capsys.readouterr().err
    assert str(path) in error
    assert "Worker" in error
    assert len(error.splitlines()) == 1


def test_invalid_sam_raises() -> None:
    with pytest.raises(TemplateError, match="not valid SAM"):
        native_template.native({"Resources": {"F": {"Type": "AWS::Serverless::Function"}}})
