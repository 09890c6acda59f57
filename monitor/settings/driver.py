"""Settings of driver mode. docs/concepts/driver.md names the source of each default."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.settings.fields import flag, integer, number, text


@dataclass(frozen=True, slots=True)
class DriverConfig:
    """Judging a driver: fatigue, absence, anger-like expression."""

    enabled: bool = flag("judge the largest face as the driver's; needs detect.follow", default=False)
    model: str = text("eyes.tflite", "model file of the eyes; a bare name is looked up in models/", advanced=True)
    threads: int = integer(1, 1, 16, "threads of the network", advanced=True)
    min_quality: float = number(0.35, 0, 1, "picture quality below which an eye is not judged", advanced=True)
    closed: float = number(
        0.2, 0, 1, "openness below which the eyes count as closed (P80); fully open = 1", advanced=True
    )
    opened: float = number(0.4, 0, 1, "openness above which closed eyes count as open again", advanced=True)
    long_blink_s: float = number(0.5, 0.1, 2, "longest eye closure that counts as a blink", "s", advanced=True)
    closure_s: float = number(
        1.0, 0.3, 5, "eyes closed for this long are reported as a long closure", "s", advanced=True
    )
    microsleep_s: float = number(1.5, 0.5, 10, "eyes closed for this long count as a microsleep", "s", advanced=True)
    sleep_s: float = number(3.0, 1, 20, "eyes closed for this long count as sleep", "s", advanced=True)
    unresponsive_s: float = number(6.0, 2, 60, "eyes closed for this long count as unresponsive", "s", advanced=True)
    perclos_s: float = number(60.0, 10, 600, "window of PERCLOS", "s", advanced=True)
    perclos_warn: float = number(
        0.10, 0.01, 1, "share of time with closed eyes that counts as early fatigue", advanced=True
    )
    perclos_drowsy: float = number(0.15, 0.02, 1, "share of time with closed eyes that counts as drowsy", advanced=True)
    yawn_open: float = number(0.5, 0.1, 2, "inner lip distance over mouth width of a wide open mouth", advanced=True)
    yawn_peak: float = number(
        0.6,
        0.1,
        2,
        "peak mouth opening of a yawn with narrowed eyes; with open eyes 1.3 times as much",
        advanced=True,
    )
    yawn_s: float = number(1.5, 0.5, 10, "a mouth wide open for this long is a yawn", "s", advanced=True)
    after_yawn_s: float = number(
        1.0, 0, 10, "closed eyes are ignored during a yawn and for this long after it", "s", advanced=True
    )
    turned_deg: float = number(
        35.0, 10, 90, "yaw from straight ahead that counts as turned away", "degrees", advanced=True
    )
    lowered_deg: float = number(
        28.0, 10, 90, "pitch from straight ahead that counts as turned away", "degrees", advanced=True
    )
    distraction_deg: float = number(
        18.0, 5, 60, "pitch below straight ahead that counts as looking down", "degrees", advanced=True
    )
    distraction_s: float = number(2.0, 0.5, 30, "looking down for this long is a distraction", "s", advanced=True)
    distraction_total_s: float = number(
        12.0, 2, 60, "glances down or aside that add up to this much in a minute are a distraction", "s", advanced=True
    )
    away_notice_s: float = number(3.0, 0.5, 60, "absent or turned away for this long: notice", "s", advanced=True)
    away_warn_s: float = number(5.0, 1, 120, "absent or turned away for this long: warning", "s", advanced=True)
    away_alarm_s: float = number(11.0, 2, 300, "absent or turned away for this long: alarm", "s", advanced=True)
    judge_s: float = number(8.0, 1, 60, "report that the eyes cannot be judged after this long", "s", advanced=True)
    anger: float = number(
        0.6,
        0.05,
        1,
        "anger-like probability that counts; raised by the value of this driver's resting face",
        advanced=True,
    )
    anger_notice_s: float = number(2.0, 0.5, 60, "anger-like for this long: notice", "s", advanced=True)
    anger_warn_s: float = number(5.0, 1, 120, "anger-like for this long: warning", "s", advanced=True)
    anger_alarm_s: float = number(10.0, 2, 300, "anger-like for this long: alarm", "s", advanced=True)
    calibrate_s: float = number(
        60.0,
        0,
        600,
        "time of good pictures used to calibrate; 0 = calibrate straight ahead only (5 s)",
        "s",
        advanced=True,
    )
    seat: str = text(
        "auto", "the driver's side of the picture: auto, left, right, near:x,y or x,y,w,h as shares of its size"
    )
    remember_seat: bool = flag(
        "remember the driver's place in each camera's picture in seats.json for the next run; only while seat is auto",
        default=True,
        advanced=True,
    )
    passengers: bool = flag("report passengers whose eyes are shut, as separate events", default=False, advanced=True)
    memory_s: float = number(
        360.0,
        0,
        3600,
        "absence after which the driver is calibrated again and the seat counts as empty; 0 = never",
        "s",
        advanced=True,
    )
    update_s: float = number(5.0, 0.5, 600, "interval of updates of a lasting event", "s", advanced=True)
