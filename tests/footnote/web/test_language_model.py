"""The page Settings: a language model is set up, tried out, used, and let go of."""

import pytest
from scripted_server import Reply, scripted_server
from streamlit.testing.v1 import AppTest

from footnote.settings import Settings, SettingsError, save
from footnote.web.admin.language_model import ADDRESS, KEY, MODEL
from footnote.web.server.shared_home import home as served


@pytest.fixture
def home(papers_home, monkeypatch):
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "FOOTNOTE_MODEL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FOOTNOTE_HOME", str(papers_home.path))
    yield papers_home
    served().configure({"base_url": "", "api_key": "", "model": ""})


def opened():
    def page():
        from footnote.web.admin import language_model

        language_model.show()

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    return app


def press(app, label):
    next(button for button in app.button if button.label == label).click()
    return app.run()


def test_a_model_is_chosen_from_the_servers_list_tried_and_used(home):
    with scripted_server(Reply(("ready",))) as server:
        server.models = ("small", "large")
        app = opened()
        app.text_input(key=ADDRESS).set_value(server.url)
        app.text_input(key=KEY).set_value("secret-key").run()
        press(app, "Fetch the list of models")
        app.selectbox(key=MODEL).set_value("large").run()
        assert not server.requests
        press(app, "Try it out")
        assert "ready" in app.success[0].value
        assert server.requests[0]["model"] == "large"
        press(app, "Save and use")
    stored = home.path / "settings.toml"
    assert served().llm.name == "large"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert Settings.resolve(home.path, {}).text("api_key") == "secret-key"
    press(app, "Use none")
    assert served().llm is None
    assert "secret-key" not in stored.read_text()


def test_a_key_is_not_sent_to_another_address(home):
    served().configure({"base_url": "http://127.0.0.1:9/v1", "api_key": "secret", "model": "m"})
    with scripted_server(Reply(("ready",))) as server:
        app = opened()
        app.text_input(key=ADDRESS).set_value(server.url).run()
        press(app, "Fetch the list of models")
        assert server.keys == ["Bearer none"]


def test_what_goes_wrong_is_said(home):
    app = opened()
    app.text_input(key=ADDRESS).set_value("http://127.0.0.1:9/v1").run()
    press(app, "Fetch the list of models")
    assert "othing answers" in app.error[0].value


def test_settings_are_written_beside_those_that_are_there(tmp_path):
    (tmp_path / "settings.toml").write_text('workers = 3\nmodel = "old"\n')
    save(tmp_path, {"model": 'with "quotes" \\ and\nlines', "base_url": ""})
    found = Settings.resolve(tmp_path, {})
    assert found.number("workers") == 3
    assert found.text("model") == 'with "quotes" \\ and\nlines'
    with pytest.raises(SettingsError):
        save(tmp_path, {"nonsense": "1"})
