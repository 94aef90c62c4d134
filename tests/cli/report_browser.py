"""Opens pages of `nnlua runs report` in Chromium and uses them as people do.

report_browser.py FOLDER      FOLDER/report.html is the page of the runs in FOLDER/sweep (made by
                              report_runs.lua), FOLDER/one.html of the first, FOLDER/small.html of
                              all with too little room for their pictures
report_browser.py --time PAGE RUNS   prints the milliseconds until the page of RUNS runs is there

Prints "passed TITLE" or "failed TITLE: why" for each check. What a page must show is computed from
the files of the runs, not from the page.
"""

import csv
import json
import math
import os
import pathlib
import sys
import tempfile
import time
import traceback

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LONGEST_WAIT = 20  # seconds; only reached when a check fails


def start(profile):
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--window-size=1200,800", "--user-data-dir=" + profile):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def wait_for(condition, what):
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited in vain for " + what)


class Page:
    def __init__(self, driver, path):
        self.driver = driver
        driver.get(pathlib.Path(path).resolve().as_uri())
        wait_for(lambda: self.js("return document.documentElement.dataset.ready === 'yes'"), path)

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.js("return [...document.querySelectorAll(arguments[0])]"
                       ".filter(e => e.offsetParent !== null).map(e => e.textContent)", selector)

    def rows(self):
        """The visible rows of the table as dictionaries by column, with the run's number."""
        return self.js("""
            const names = [...document.querySelectorAll('#runs thead th')].map(e => e.textContent);
            return [...document.querySelectorAll('#runs tbody tr')].filter(e => !e.hidden)
              .map(tr => Object.fromEntries([...tr.cells].map((c, i) => [names[i], c.textContent])))
            """)

    def type_filter(self, text):
        self.js("""const box = document.getElementById('filter'); box.value = arguments[0];
                   box.dispatchEvent(new Event('input'))""", text)

    def set_range(self, selector, value):
        self.js("""const e = document.querySelector(arguments[0]); e.value = arguments[1];
                   e.dispatchEvent(new Event('input'))""", selector, value)

    def chart(self, title):
        """The index of the chart of that title, scrolled onto the screen."""
        titles = self.texts(".chart .title")
        index = titles.index(title)
        self.js("document.querySelectorAll('.chart')[arguments[0]].scrollIntoView({block: 'center'})", index)
        wait_for(lambda: self.js("return document.querySelectorAll('.chart .base')[arguments[0]].width > 300", index),
                 "the chart")
        self.settle()
        return index

    def settle(self):
        """Two frames: what observers ask for is drawn by then."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))")

    def picture(self, index):
        """What the chart shows."""
        self.settle()
        return self.js("return document.querySelectorAll('.chart .base')[arguments[0]].toDataURL()", index)

    def over(self, index):
        return self.driver.find_elements(By.CSS_SELECTOR, ".chart .over")[index]

    def hover(self, index, x, y):
        """Moves the mouse to a place of the chart, in parts of its size; what it reads out."""
        box = self.over(index)
        size = box.size
        ActionChains(self.driver, duration=0).move_to_element_with_offset(
            box, int((x - 0.5) * size["width"]), int((y - 0.5) * size["height"])).perform()
        return self.readout(index)

    def leave(self):
        actions = ActionBuilder(self.driver, duration=0)
        actions.pointer_action.move_to_location(1, 1)
        actions.perform()

    def readout(self, index):
        return self.js("""
            const box = document.querySelectorAll('.chart .readout')[arguments[0]];
            if (box.hidden) return null;
            return {at: box.querySelector('.at').textContent,
                    entries: [...box.querySelectorAll('.entry')].map(e => ({
                      who: e.querySelector('.who').textContent,
                      value: e.querySelector('.value').textContent,
                      asides: [...e.querySelectorAll('.aside')].map(a => a.textContent),
                      nearest: e.classList.contains('nearest')}))}
            """, index)

    def drag(self, index, x0, x1, y0=0.5, y1=0.5):
        box = self.over(index)
        w, h = box.size["width"], box.size["height"]
        ActionChains(self.driver, duration=0).move_to_element_with_offset(
            box, int((x0 - 0.5) * w), int((y0 - 0.5) * h)).click_and_hold().move_by_offset(
            int((x1 - x0) * w / 2), int((y1 - y0) * h)).move_by_offset(
            int((x1 - x0) * w / 2), 0).release().perform()

    def choose_column(self, title):
        self.js("""[...document.querySelectorAll('.chooser label')]
            .find(e => e.textContent === arguments[0]).click()""", title)

    def header(self, title):
        heads = self.driver.find_elements(By.CSS_SELECTOR, "#runs thead th button")
        return next(h for h in heads if h.text.strip() == title)


def number(text):
    return float(text.replace("\u2212", "-").replace("NaN", "nan"))


def close(a, b):
    return abs(a - b) <= 1e-5 * max(abs(a), abs(b), 1e-12)


class Checks:
    """Each method is a check; its name is the title. The page is opened once and left as found."""

    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder
        self.runs = []
        for path in sorted(pathlib.Path(folder, "sweep").iterdir()):
            with open(path / "metrics.csv", newline="") as file:
                rows = [row for row in csv.DictReader(file) if None not in row.values()]
            config = json.loads((path / "config.json").read_text())
            info = json.loads((path / "run.json").read_text())
            self.runs.append({"label": info["id"][len("sweep/"):], "rows": rows, "config": config})
        driver.get("about:blank")
        driver.get_log("performance")  # what the browser's own first page asked for
        self.page = Page(driver, os.path.join(folder, "report.html"))

    def run(self, label):
        return next(run for run in self.runs if run["label"] == label)

    def order(self):
        return [row["run"] for row in self.page.rows()]

    # ---- The page ----

    def loads_without_errors_and_without_the_network(self):
        log = self.driver.get_log("browser")
        assert log == [], log
        asked = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.add(message["params"]["request"]["url"].split(",")[0].split(";")[0])
        page = [url for url in asked if url.startswith("file://")]
        assert len(page) == 1, page
        rest = [url for url in asked if not url.startswith(("file://", "data:"))]
        assert rest == [], rest

    def takes_texts_of_runs_for_texts(self):
        hostile = self.runs[2]["config"]["note"]
        assert self.driver.title.startswith("sweep:"), self.driver.title
        assert self.page.js("return document.scripts.length") == 2
        assert self.page.js("return document.querySelectorAll('img[src=x]').length") == 0
        assert self.order()[2] == hostile, self.order()[2]
        self.page.js("document.querySelector('nav a:last-child').click()")
        assert hostile in self.page.texts("#texts pre"), self.page.texts("#texts pre")
        assert hostile in self.page.texts("#confusion th")
        self.page.js("scrollTo(0, 0)")

    def refuses_scripts_that_are_not_its_own(self):
        self.page.js("""const s = document.createElement('script'); s.textContent = "document.title = 'broken'";
                        document.body.append(s); s.remove()""")
        assert self.driver.title.startswith("sweep:"), self.driver.title
        log = [entry["message"] for entry in self.driver.get_log("browser")]
        assert len(log) == 1 and "Content Security Policy" in log[0], log

    # ---- The table ----

    def shows_last_values(self):
        for row, run in zip(self.page.rows(), self.runs):
            assert row["run"] == run["label"]
            last = run["rows"][-1]
            assert close(number(row["test_cost"]), float(last["test_cost"])), row
            assert row["rows"] == str(len(run["rows"])), row
        costs = [float(row["train_cost"]) for row in self.runs[0]["rows"]]
        self.page.choose_column("min train_cost")
        assert close(number(self.page.rows()[0]["min train_cost"]), min(costs))

    def sorts_by_a_click_on_a_column(self):
        last = lambda run: float(run["rows"][-1]["test_cost"])
        wanted = [run["label"] for run in sorted(self.runs, key=last)]
        header = self.page.header("test_cost")
        header.click()
        assert self.order() == wanted, self.order()
        header.click()
        assert self.order() == wanted[::-1], self.order()
        header.click()
        assert self.order() == [run["label"] for run in self.runs], self.order()

    def sorts_by_keyboard_with_what_is_no_number_last(self):
        broken = self.runs[3]["label"]
        assert math.isnan(float(self.runs[3]["rows"][-1]["grad_norm"]))
        self.page.choose_column("grad_norm")
        header = self.page.header("grad_norm")
        for _ in range(2):
            header.send_keys(Keys.ENTER)
            assert self.order()[-1] == broken, self.order()
        header.send_keys(Keys.ENTER)

    def filters_by_expressions(self):
        config = lambda key: lambda run: run["config"]["optimizer"][key]
        lr, name = config("lr"), config("name")
        cost = lambda run: float(run["rows"][-1]["test_cost"])
        middle = sorted(map(cost, self.runs))[len(self.runs) // 2]
        for text, test in (
                ("lr<0.1", lambda run: lr(run) < 0.1),
                ("lr=0.01|1", lambda run: lr(run) in (0.01, 1)),
                ("optimizer.name=adam lr>=0.1", lambda run: name(run) == "Adam" and lr(run) >= 0.1),
                ("test_cost<%r" % middle, lambda run: cost(run) < middle),
                ("state=failed", lambda run: run is self.runs[1]),
                ("test_cost.max > 2.0 lr = 0.01", lambda run: lr(run) == 0.01 and max(
                    float(row["test_cost"]) for row in run["rows"]) > 2),
                ("tag=baseline", lambda run: run is self.runs[4]),
                ("baseline", lambda run: run is self.runs[4]),
                ('note~"img src"', lambda run: run is self.runs[2]),
                ("", lambda run: True)):
            self.page.type_filter(text)
            wanted = [run["label"] for run in self.runs if test(run)]
            assert self.order() == wanted, (text, self.order())
            assert self.page.find("#count").text.startswith("%d of " % len(wanted)), text

    def names_what_a_filter_does_not_know(self):
        self.page.type_filter("lrr<0.1")
        assert "lrr" in self.page.find("#filter-problem").text
        assert len(self.order()) == len(self.runs)
        self.page.type_filter("")

    def hides_the_runs_of_a_state(self):
        chip = next(e for e in self.driver.find_elements(By.CSS_SELECTOR, ".chip") if "failed" in e.text)
        chip.click()
        assert self.order() == [run["label"] for run in self.runs if run is not self.runs[1]]
        chip.click()
        assert len(self.order()) == len(self.runs)

    # ---- Runs that are chosen ----

    def shows_differences_of_the_chosen_runs(self):
        everything = self.page.find("#all")
        everything.click()
        assert self.page.find("#count").text.startswith("0 of ")
        boxes = self.driver.find_elements(By.CSS_SELECTOR, "#runs tbody input")
        boxes[0].click()
        boxes[3].click()
        table = self.page.js("""return [...document.querySelectorAll('#config tbody tr')]
            .map(tr => [...tr.cells].map(c => c.textContent))""")
        a, b = self.runs[0]["config"], self.runs[3]["config"]
        assert a["optimizer"] != b["optimizer"] and a["hidden"] == b["hidden"]
        assert table == [["lr", repr(a["optimizer"]["lr"]), repr(b["optimizer"]["lr"])],
                         ["optimizer.name", a["optimizer"]["name"], b["optimizer"]["name"]]], table
        legend = self.page.texts("#legend .entry")
        assert legend == [self.runs[0]["label"], self.runs[3]["label"]], legend
        everything.click()  # some are chosen: now all
        assert self.page.find("#count").text.startswith("%d of " % len(self.runs))

    # ---- Charts ----

    def reads_out_values(self):
        index, before = self.page.chart("cost"), 0
        for x in (0.3, 0.55, 0.9):
            shown = self.page.hover(index, x, 0.8)
            assert shown and shown["at"].startswith("epoch "), shown
            epoch = int(shown["at"].split()[1])
            assert epoch > before, (epoch, before)
            before = epoch
            assert sum(e["nearest"] for e in shown["entries"]) == 1, shown
            for entry in shown["entries"]:
                label, split = entry["who"].rsplit(" ", 1)
                at = [a for a in entry["asides"] if a.startswith("at ")]
                row = int(at[0].split()[1]) if at else epoch
                wanted = float(self.run(label)["rows"][row - 1][split + "_cost"])
                assert close(number(entry["value"]), wanted), (entry, wanted)
        self.page.leave()
        assert self.page.readout(index) is None

    def joins_the_values_of_a_sparse_column(self):
        index = self.page.chart("probe")
        shown = self.page.hover(index, 0.6, 0.7)
        epoch = int(shown["at"].split()[1])
        assert epoch % 10 == 0, shown
        entry = next(e for e in shown["entries"] if e["nearest"])
        assert close(number(entry["value"]), float(self.run(entry["who"])["rows"][epoch - 1]["probe"])), shown
        self.page.leave()

    def reads_out_values_by_keyboard(self):
        index = self.page.chart("cost")
        over = self.page.over(index)
        self.page.js("arguments[0].focus()", over)
        over.send_keys(Keys.ARROW_RIGHT)
        assert self.page.readout(index)["at"] == "epoch 1", self.page.readout(index)
        over.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        assert self.page.readout(index)["at"] == "epoch 3", self.page.readout(index)
        self.page.js("arguments[0].blur()", over)

    def zooms_by_dragging_and_back_by_a_double_click(self):
        index = self.page.chart("cost")
        whole = self.page.picture(index)
        most = max(len(run["rows"]) for run in self.runs)
        self.page.drag(index, 0.4, 0.6)
        zoomed = self.page.picture(index)
        assert zoomed != whole
        low = int(self.page.hover(index, 0.12, 0.5)["at"].split()[1])
        high = int(self.page.hover(index, 0.97, 0.5)["at"].split()[1])
        assert 0.25 * most < low < 0.45 * most, low
        assert 0.5 * most < high < 0.7 * most, high
        ActionChains(self.driver, duration=0).double_click(self.page.over(index)).perform()
        self.page.leave()
        assert self.page.picture(index) == whole

    def draws_logarithmic_scales(self):
        index = self.page.chart("cost")
        whole = self.page.picture(index)
        pictures = {whole}
        for box in ("log-y", "log-x", "clip"):
            self.page.find("#" + box).click()
            pictures.add(self.page.picture(index))
        assert len(pictures) == 4, len(pictures)
        for box in ("log-y", "log-x", "clip"):
            self.page.find("#" + box).click()
        assert self.page.picture(index) == whole

    def smooths(self):
        index = self.page.chart("cost")
        whole = self.page.picture(index)
        self.page.set_range("#smoothing", 1)  # a half-life of one row
        assert self.page.picture(index) != whole
        assert "half-life 1 row" in self.page.texts("output.smooth")[0]
        shown = self.page.hover(index, 0.4, 0.7)
        entry = next(e for e in shown["entries"] if e["nearest"])
        label, split = entry["who"].rsplit(" ", 1)
        values = [float(row[split + "_cost"]) for row in self.run(label)["rows"]][:int(shown["at"].split()[1])]
        weights = [0.5 ** i for i in range(len(values))][::-1]
        wanted = sum(w * v for w, v in zip(weights, values)) / sum(weights)
        smooth = next(a for a in entry["asides"] if a.startswith("\u2248"))
        assert abs(number(smooth[1:]) - wanted) < 2e-4 * wanted, (smooth, wanted)
        self.page.set_range("#smoothing", 0)
        self.page.leave()
        assert self.page.picture(index) == whole

    def colours_by_a_setting(self):
        self.page.js("""const e = [...document.querySelectorAll('#curves .field')]
            .find(e => e.textContent.startsWith('colour by')).querySelector('select');
            e.value = 'optimizer.lr'; e.dispatchEvent(new Event('change'))""")
        legend = self.page.texts("#legend .entry")
        assert legend == ["lr:", "0.001", "0.01", "0.1", "1"], legend
        self.page.js("""const e = [...document.querySelectorAll('#curves .field')]
            .find(e => e.textContent.startsWith('colour by')).querySelector('select');
            e.value = ''; e.dispatchEvent(new Event('change'))""")

    # ---- The rest ----

    def shows_everything_else_of_a_run(self):
        self.page.js("document.querySelector('nav a:last-child').click()")
        self.page.settle()
        assert any("expected [*,25]" in text and "stack traceback" in text
                   for text in self.page.texts("#failures pre.message"))
        cells = self.page.texts("#confusion table:first-of-type td")
        assert "91" in cells[1], cells[:3]
        for selector, count in (("#pictures figure", 9), ("#examples figure", 39), ("#histograms canvas.ridge", 6)):
            assert len(self.page.texts(selector)) == count, (selector, len(self.page.texts(selector)))
        wait_for(lambda: self.page.js("""return [...document.querySelectorAll('#pictures img')]
            .every(img => img.loading = 'eager', true) && [...document.querySelectorAll('#pictures img')]
            .every(img => img.complete && img.naturalWidth > 0)"""), "the pictures")
        assert len(self.page.texts("#examples .nothing")) == 3  # the file outside of the folder
        environment = self.page.find("#environment").text
        for word in ("OpenBLAS 0.3.21", "32 GiB", "0123456789ab", "--note 'two words'", "nnlua"):
            assert word in environment, (word, environment[:400])
        self.page.js("scrollTo(0, 0)")

    def has_room_for_its_menu(self):
        self.page.find(".chooser summary").click()
        widths = self.page.js("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        self.page.find(".chooser summary").click()
        assert widths[0] == widths[1], widths

    def fits_a_phone(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
        self.page.js("document.querySelector('nav a:last-child').click()")
        self.page.js("document.querySelector('.chooser').open = true")
        self.page.settle()
        widths = self.page.js("return [document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
        self.page.js("document.querySelector('.chooser').open = false")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        assert widths == [390, 390, 390], widths

    def follows_the_dark_scheme(self):
        grounds = set()
        for scheme in ("light", "dark"):
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": scheme}]})
            grounds.add(self.page.js("return getComputedStyle(document.body).backgroundColor"))
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        assert len(grounds) == 2, grounds

    def has_had_no_error_by_now(self):
        log = self.driver.get_log("browser")
        assert log == [], log

    def shows_a_single_run(self):
        page = Page(self.driver, os.path.join(self.folder, "one.html"))
        assert len(page.rows()) == 1
        assert "cost" in page.texts(".chart .title")
        log = self.driver.get_log("browser")
        assert log == [], log

    def says_which_pictures_did_not_fit(self):
        page = Page(self.driver, os.path.join(self.folder, "small.html"))
        page.js("document.querySelector('nav a:last-child').click()")
        assert any("did not fit" in text for text in page.texts("#pictures .hint")), page.texts("#pictures")


def check(folder):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = start(profile)
        try:
            checks = Checks(driver, folder)
            for name, method in vars(Checks).items():
                if name.startswith("_") or name in ("run", "order"):
                    continue
                try:
                    method(checks)
                    print("passed", name.replace("_", " "))
                except Exception:  # one check's failure must not hide the others
                    print("failed", name.replace("_", " ") + ":",
                          " | ".join(traceback.format_exc(limit=-1).splitlines()))
        finally:
            driver.quit()


def measure(path, runs):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = start(profile)
        try:
            page = Page(driver, path)
            page.settle()
            assert len(page.rows()) == runs, len(page.rows())
            print(page.js("""return Math.round(Math.max(
                performance.getEntriesByType('navigation')[0].loadEventEnd,
                ...performance.getEntriesByType('paint').map(entry => entry.startTime)))"""))
        finally:
            driver.quit()


if __name__ == "__main__":
    if sys.argv[1] == "--time":
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        check(sys.argv[1])
