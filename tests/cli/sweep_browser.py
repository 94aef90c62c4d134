"""Opens pages of `nnlua sweep show --report` in Chromium and uses them as people do.

sweep_browser.py FOLDER     FOLDER/study.html, seeds.html and empty.html with their trials as .json,
                            made by sweep_studies.lua

Prints "passed TITLE" or "failed TITLE: why" for each check.
"""

import csv
import json
import math
import os
import pathlib
import sys
import tempfile
import traceback

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from report_browser import Page, close, number, start, wait_for


class Study(Page):
    def rows(self):
        """The rows of the table that are elements, as dictionaries by column."""
        return self.js("""
            const names = [...document.querySelectorAll('#trials thead th')].map(e => e.textContent);
            return [...document.querySelectorAll('#trials tbody tr')].filter(e => e.trial)
              .map(tr => Object.fromEntries([...tr.cells].map((c, i) => [names[i], c.textContent])))
            """)

    def listed(self):
        return int(self.js("return document.querySelector('#trials table').getAttribute('aria-rowcount')")) - 1

    def count(self):
        return self.find("#count").text

    def over_of(self, section, index=0):
        """The upper canvas of a section's picture, on the screen."""
        over = self.driver.find_elements(By.CSS_SELECTOR, section + " .over")[index]
        self.js("arguments[0].scrollIntoView({block: 'center'})", over)
        self.settle()
        return over

    def at(self, over, x, y):
        """An action that moves the mouse to a place of a picture, in pixels from its corner."""
        size = over.size
        return ActionChains(self.driver, duration=0).move_to_element_with_offset(
            over, int(x - size["width"] / 2), int(y - size["height"] / 2))

    def read(self, section):
        return self.js("""
            const box = document.querySelector(arguments[0] + ' .readout');
            return box.hidden ? null : {at: box.querySelector('.at').textContent, entries: Object.fromEntries(
              [...box.querySelectorAll('.entry')].map(e => [e.querySelector('.who').textContent, e.querySelector('.value').textContent]))}
            """, section)


class Checks:
    """Each method is a check; its name is the title."""

    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder
        self.trials = json.loads(pathlib.Path(folder, "study.json").read_text())
        self.complete = [trial for trial in self.trials if trial["state"] == "complete"]
        driver.get("about:blank")
        driver.get_log("performance")
        self.page = Study(driver, os.path.join(folder, "study.html"))

    def loads_without_errors_and_without_the_network(self):
        assert self.driver.get_log("browser") == []
        asked = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.add(message["params"]["request"]["url"].split(",")[0])
        assert [url for url in asked if not url.startswith(("file://", "data:"))] == [], asked
        assert len([url for url in asked if url.startswith("file://")]) == 1, asked

    def takes_texts_of_a_study_for_texts(self):
        assert self.driver.title == "mixed", self.driver.title
        assert self.page.js("return document.scripts.length") == 2
        assert self.page.js("return document.querySelectorAll('img').length") == 0
        assert "</script>" in self.page.find("#overview").text

    def says_what_came_out(self):
        about = self.page.find("#about").text
        for state in ("complete", "pruned", "failed"):
            count = sum(trial["state"] == state for trial in self.trials)
            assert count > 0 and "%d %s" % (count, state) in about, about
        best = min(trial["value"] for trial in self.complete)
        assert close(number(self.page.find(".figure").text.split()[0]), best)
        assert "--set" in self.page.find(".best pre").text

    def filters_and_sorts(self):
        self.page.type_filter("lr<0.01 state=complete")
        wanted = [trial for trial in self.complete if trial["params"]["lr"] < 0.01]
        assert self.page.listed() == len(wanted) > 0
        assert self.page.count().startswith("%d of" % len(wanted)), self.page.count()
        header = next(h for h in self.driver.find_elements(By.CSS_SELECTOR, "#trials thead th button")
                      if h.get_attribute("textContent").strip() == "loss")
        self.page.js("arguments[0].click()", header)
        order = [int(row["trial"]) for row in self.page.rows()]
        wanted.sort(key=lambda trial: (trial["value"], trial["number"]))
        assert order == [trial["number"] for trial in wanted], order
        self.page.type_filter("lrr<1")
        assert "lrr" in self.page.find("#filter-problem").text
        self.page.type_filter("")

    def selects_by_a_brush(self):
        over = self.page.over_of("#parallel")
        height, names = over.size["height"], sorted({name for trial in self.trials for name in trial["params"]} - {"epochs"})
        at = 46 + names.index("lr") * (over.size["width"] - 92) / len(names)
        top, bottom = 34, height - 34
        self.page.at(over, at, top + (bottom - top) / 2).click_and_hold().move_by_offset(0, int((bottom - top) / 2 + 20)).release().perform()
        edge = 10 ** -2  # the middle of 1e-4 ... 1, logarithmic
        wanted = [trial for trial in self.trials if trial["params"]["lr"] <= edge * 1.03]
        assert abs(self.page.listed() - len(wanted)) <= 1 and 0 < len(wanted) < len(self.trials), (self.page.listed(), len(wanted))
        assert self.page.find("#clear").is_displayed()
        self.page.at(over, at, top + 3).click().perform()
        assert self.page.listed() == len(self.trials)

    def selects_by_keyboard(self):
        over = self.page.over_of("#parallel")
        self.page.js("arguments[0].focus()", over)
        over.send_keys(Keys.ARROW_UP)
        wanted = sum(trial["params"]["kind"] == "plain" for trial in self.trials)  # the lowest on the axis
        assert self.page.listed() == wanted, (self.page.listed(), wanted)
        over.send_keys(Keys.ESCAPE)
        assert self.page.listed() == len(self.trials)
        self.page.js("arguments[0].blur()", over)

    def reads_out_trials(self):
        over = self.page.over_of("#history")
        self.page.js("arguments[0].focus()", over)
        over.send_keys(Keys.ARROW_RIGHT)
        shown = self.page.read("#history")
        trial = self.trials[int(shown["at"].split()[1].rstrip(",")) - 1]
        assert close(number(shown["entries"]["lr"]), trial["params"]["lr"]), shown
        if trial["state"] == "complete":
            assert close(number(shown["entries"]["loss"]), trial["value"]), shown
        over.send_keys(Keys.ENTER)
        assert ("Trial %d" % trial["number"]) in self.page.find("dialog.details").text
        self.page.js("document.querySelector('dialog.details').close(); arguments[0].blur()", over)

    def hides_the_trials_of_a_state(self):
        chip = next(e for e in self.driver.find_elements(By.CSS_SELECTOR, ".selection .chip") if "failed" in e.text)
        self.page.js("arguments[0].click()", chip)
        assert self.page.listed() == sum(trial["state"] != "failed" for trial in self.trials)
        self.page.js("arguments[0].click()", chip)

    def shows_why_a_trial_failed(self):
        failed = next(trial for trial in self.trials if trial["state"] == "failed")
        self.page.type_filter("trial=%d" % failed["number"])
        self.page.js("document.querySelector('#trials tbody th button').click()")
        text = self.page.find("dialog.details").text
        assert "it broke: </script>" in text and "stack traceback" in text, text
        self.page.js("document.querySelector('dialog.details').close()")
        self.page.type_filter("")

    def writes_a_csv_file(self):
        self.page.js("""window.saved = null; const make = URL.createObjectURL;
            URL.createObjectURL = blob => { blob.text().then(t => { window.saved = t; }); return make(blob); };
            HTMLAnchorElement.prototype.click = () => {};
            document.getElementById('csv').click()""")
        text = wait_for(lambda: self.page.js("return window.saved"), "the file")
        rows = {int(row["trial"]): row for row in csv.DictReader(text.splitlines(keepends=True))}
        assert len(rows) == len(self.trials)
        for trial in self.complete:
            row = rows[trial["number"]]
            assert float(row["value"]) == trial["value"] and float(row["lr"]) == trial["params"]["lr"], row
            assert row["kind"] == trial["params"]["kind"], row

    def draws_logarithmic_values(self):
        self.page.over_of("#history")
        canvas = "return document.querySelector('#history .base').toDataURL()"
        whole = self.page.js(canvas)
        self.page.js("document.getElementById('log').click()")
        self.page.settle()
        assert self.page.js(canvas) != whole
        self.page.js("document.getElementById('log').click()")
        self.page.settle()
        assert self.page.js(canvas) == whole

    def fits_a_phone_in_the_dark(self):
        ground = self.page.js("return getComputedStyle(document.body).backgroundColor")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
        self.page.settle()
        widths = self.page.js("return [document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
        dark = self.page.js("return getComputedStyle(document.body).backgroundColor")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        assert widths == [390, 390, 390] and dark != ground, (widths, dark)

    def shows_means_over_seeds(self):
        trials = json.loads(pathlib.Path(self.folder, "seeds.json").read_text())
        page = Study(self.driver, os.path.join(self.folder, "seeds.html"))
        over = page.over_of("#seeds")
        page.js("arguments[0].focus()", over)
        over.send_keys(Keys.ARROW_RIGHT)
        values = [trial["value"] for trial in trials if trial["params"]["lambda"] == 0.01]
        mean = sum(values) / 3
        half = 4.302653 * math.sqrt(sum((v - mean) ** 2 for v in values) / 2 / 3)
        shown = page.read("#seeds")["entries"]["accuracy"].split(" \u00b1 ")
        assert close(number(shown[0]), mean) and abs(number(shown[1]) - half) < 0.01 * half, (shown, mean, half)

    def shows_a_study_without_trials(self):
        page = Study(self.driver, os.path.join(self.folder, "empty.html"))
        assert "No trial is complete yet" in page.find("#overview").text

    def has_had_no_error_by_now(self):
        log = self.driver.get_log("browser")
        assert log == [], log


def check(folder):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = start(profile)
        try:
            checks = Checks(driver, folder)
            for name, method in vars(Checks).items():
                if name.startswith("_"):
                    continue
                try:
                    method(checks)
                    print("passed", name.replace("_", " "))
                except Exception:  # one check's failure must not hide the others
                    print("failed", name.replace("_", " ") + ":",
                          " | ".join(traceback.format_exc(limit=-1).splitlines()))
        finally:
            driver.quit()


if __name__ == "__main__":
    check(sys.argv[1])
