"""What TensorBoard's own reader finds in the event files of folders, as a Lua table.

    PYTHONPATH=build/python /usr/bin/python3 tests/cli/event_files.py FOLDER...

{[folder] = {scalars = {[tag] = {count =, first =, last =, value =}}, images = {[tag] = {count =,
last =, width =, height =, png =}}, histograms = {[tag] = {count =, last =, num =, sum =, edges =,
counts =}}, texts = {[tag] = {count =, last =, text =}}}}: first and last are steps, the rest is of
the last event.
"""

import sys

from tensorboard.backend.event_processing import event_accumulator

KEEP_ALL = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}


def lua(value):
    if isinstance(value, dict):
        return "{" + ",".join("[%s]=%s" % (lua(k), lua(v)) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(lua(v) for v in value) + "}"
    if isinstance(value, bytes):
        return '"' + "".join("\\%03d" % byte for byte in value) + '"'
    if isinstance(value, str):
        return lua(value.encode())
    return repr(value)


def read(folder):
    events = event_accumulator.EventAccumulator(folder, size_guidance=KEEP_ALL)
    events.Reload()
    found = {"scalars": {}, "images": {}, "histograms": {}, "texts": {}}
    tags = events.Tags()
    for tag in tags["scalars"]:
        list_ = events.Scalars(tag)
        found["scalars"][tag] = {"count": len(list_), "first": list_[0].step,
                                 "last": list_[-1].step, "value": list_[-1].value}
    for tag in tags["images"]:
        list_ = events.Images(tag)
        found["images"][tag] = {"count": len(list_), "last": list_[-1].step,
                                "width": list_[-1].width, "height": list_[-1].height,
                                "png": list_[-1].encoded_image_string}
    for tag in tags["histograms"]:
        list_ = events.Histograms(tag)
        last = list_[-1].histogram_value
        found["histograms"][tag] = {"count": len(list_), "last": list_[-1].step, "num": last.num,
                                    "sum": last.sum, "edges": list(last.bucket_limit),
                                    "counts": list(last.bucket)}
    for tag in tags["tensors"]:
        list_ = events.Tensors(tag)
        assert events.SummaryMetadata(tag).plugin_data.plugin_name == "text"
        found["texts"][tag] = {"count": len(list_), "last": list_[-1].step,
                               "text": list_[-1].tensor_proto.string_val[0]}
    return found


print(lua({folder: read(folder) for folder in sys.argv[1:]}))
