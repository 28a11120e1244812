#!/usr/bin/env bats
# Health checks: run by the monitor, with neither daemon nor systemd.

load helpers

setup() {
    basic_setup
    load_busybox
}
teardown() { basic_teardown; }

health() { podman inspect --format "{{.State.Health.$1}}" c; }
# sick, well: what the check of with_check looks at.
sick() { podman exec c touch /sick; }
well() { podman exec c rm -f /sick; }
with_check() {
    podman run -d --name c --network none --health-cmd 'echo looked; test ! -e /sick' "$@" busybox sleep 1000 >/dev/null
}

@test "health: starting, healthy, unhealthy and healthy again" {
    with_check --health-interval 200ms --health-retries 2
    eventually eval '[ "$(health Status)" = healthy ]'
    is "$(podman ps --format '{{.Status}}')" =~ "^Up .*\(healthy\)$"
    is "$(podman ps -q --filter health=healthy | wc -l)" = 1
    is "$(podman ps -q --filter health=unhealthy | wc -l)" = 0
    sick
    run_podman wait --condition unhealthy c
    is "$(podman ps --format '{{.Status}}')" =~ "\(unhealthy\)$"
    eventually eval '[ "$(health FailingStreak)" -ge 3 ]'
    well
    run_podman wait --condition healthy c
    is "$(health FailingStreak)" = 0
    podman inspect c >"$TEST_DIR/json"
    is "$(jq -r '.[0].State.Health.Log[-1] | [.ExitCode, .Output] | @csv' "$TEST_DIR/json")" = '0,"looked
"'
    is "$(jq '.[0].State.Health.Log | length' "$TEST_DIR/json")" = 5
    [[ "$(jq -r '.[0].State.Health.Log[-1].Start' "$TEST_DIR/json")" < "$(jq -r '.[0].State.Health.Log[-1].End' "$TEST_DIR/json")" ]]
    is "$(jq -c '.[0].Config.Healthcheck | [.Test, .Interval, .Timeout, .Retries]' "$TEST_DIR/json")" = \
        '[["CMD-SHELL","echo looked; test ! -e /sick"],200000000,30000000000,2]'
    is "$(podman events --stream=false --filter event=health_status --format '{{.HealthStatus}}' | sort -u | tr '\n' ' ')" =~ "healthy (starting )?unhealthy"
    # The checks do not show up as exec sessions of somebody.
    is "$(podman events --stream=false --filter event=exec_died --format '{{.Name}}' | wc -l)" = 2
}

@test "healthcheck run: exit codes and words" {
    with_check --health-interval disable --health-retries 2
    is "$(health Status)" = starting
    run_podman healthcheck run c
    is "$output" = ""
    is "$(health Status)" = healthy
    sick
    run_podman 1 healthcheck run c
    is "$output" = unhealthy
    is "$(health Status)" = healthy # not twice yet
    run_podman 0 healthcheck run --ignore-result c
    is "$(health Status)" = unhealthy
    run_podman stop -t 0 c
    run_podman 125 healthcheck run c
    is "$output" =~ "is not running"
    run_podman run -d --name none --network none busybox sleep 100
    run_podman 125 healthcheck run none
    is "$output" =~ "has no defined healthcheck"
    is "$(podman ps --format '{{.Status}}' --filter name=none)" !~ "\("
}

@test "health: words instead of a shell, a time limit, output that is too long" {
    run_podman run -d --name c --network none --health-interval disable --health-cmd '["/bin/echo", "a  b"]' busybox sleep 1000
    run_podman healthcheck run c
    podman inspect c >"$TEST_DIR/json"
    is "$(jq -c '.[0].Config.Healthcheck.Test' "$TEST_DIR/json")" = '["CMD","/bin/echo","a  b"]'
    is "$(jq -r '.[0].State.Health.Log[0].Output' "$TEST_DIR/json")" = "a  b"
    run_podman rm -f -t 0 c
    run_podman run -d --name c --network none --health-interval disable --health-timeout 1s --health-max-log-count 2 --health-max-log-size 7 \
        --health-cmd 'if [ -e /slow ]; then exec sleep 100; fi; printf 1234567890' busybox sleep 1000
    for i in 1 2 3; do run_podman healthcheck run c; done
    podman inspect c >"$TEST_DIR/json"
    is "$(jq -c '.[0].State.Health.Log | map(.Output)' "$TEST_DIR/json")" = '["1234567","1234567"]'
    run_podman exec c touch /slow
    run_podman 1 healthcheck run c
    is "$(health 'Log' | grep -c 'exceede')" = 0 # the text is cut like any other
    is "$(podman inspect c | jq -c '.[0].State.Health.Log[-1] | [.ExitCode, .Output]')" = '[-1,"Healthc"]'
    eventually eval '[ "$(podman top c args | grep -c "sleep 100$")" = 0 ]'
    # A program that is not there is a failure of the check.
    run_podman rm -f -t 0 c
    run_podman run -d --name c --network none --health-interval disable --health-cmd '["/nosuch"]' busybox sleep 1000
    run_podman 1 healthcheck run c
}

@test "health: failures within the start period do not count" {
    run_podman run -d --name c --network none --health-interval 100ms --health-retries 1 --health-start-period 1h --health-cmd 'test -e /ready' busybox sleep 1000
    eventually eval '[ "$(podman inspect c | jq ".[0].State.Health.Log | length")" -ge 3 ]'
    is "$(health Status) $(health FailingStreak)" = "starting 0"
    run_podman exec c touch /ready
    run_podman wait --condition healthy c
    # Once healthy, the period is over.
    run_podman exec c rm /ready
    run_podman wait --condition unhealthy c
}

@test "health: a startup check comes first" {
    run_podman run -d --name c --network none --health-cmd 'echo regular' --health-interval 200ms \
        --health-startup-cmd 'echo startup; test -e /up' --health-startup-interval 100ms --health-startup-success 2 busybox sleep 1000
    eventually eval '[ "$(podman inspect c | jq ".[0].State.Health.Log | length")" -ge 2 ]'
    is "$(health Status)" = starting
    is "$(podman inspect c | jq -r '.[0].State.Health.Log[].Output' | grep -c regular)" = 0
    run_podman exec c touch /up
    run_podman wait --condition healthy c
    eventually eval '[ "$(podman inspect c | jq -r ".[0].State.Health.Log[].Output" | grep -c startup)" = 0 ]'
    run_podman 125 run --health-startup-cmd true busybox true
    is "$output" =~ "must specify a health check command"
    # One that fails too often starts the container anew.
    run_podman run -d --name d --network none --health-cmd true --health-startup-cmd false --health-startup-interval 100ms \
        --health-startup-retries 2 busybox sleep 1000
    eventually eval '[ "$(podman inspect -f "{{.RestartCount}}" d)" -ge 1 ]'
}

@test "health: what is done about an unhealthy container" {
    for action in kill stop restart; do
        run_podman run -d --name "$action" --network none --health-on-failure $action --health-retries 1 --health-interval 300ms \
            --health-cmd 'test ! -e /sick' busybox sh -c 'trap "exit 9" TERM; echo started; rm -f /sick; while :; do sleep 0.1; done'
        eventually eval "[ \"\$(podman inspect -f '{{.State.Health.Status}}' $action)\" = healthy ]"
        run_podman exec "$action" touch /sick
    done
    eventually eval '[ "$(podman inspect -f "{{.State.Status}} {{.State.ExitCode}}" kill)" = "exited 137" ]'
    eventually eval '[ "$(podman inspect -f "{{.State.Status}} {{.State.ExitCode}}" stop)" = "exited 9" ]'
    eventually eval '[ "$(podman logs restart | grep -c started)" = 2 ]'
    eventually eval '[ "$(podman inspect -f "{{.State.Health.Status}}" restart)" = healthy ]'
    run_podman 125 run --health-on-failure nonsense --health-cmd true busybox true
}

@test "health: the image's check, overridden and switched off" {
    podman create --name base busybox >/dev/null
    echo '{"Healthcheck":{"Test":["CMD-SHELL","echo from the image"],"Interval":200000000,"Retries":7}}' >"$TEST_DIR/config"
    run_podman commit -q --config "$TEST_DIR/config" base checked
    run_podman run -d --name c --network none checked sleep 1000
    run_podman wait --condition healthy c
    is "$(podman inspect c | jq -c '.[0].Config.Healthcheck | [.Test[1], .Retries]')" = '["echo from the image",7]'
    run_podman rm -f -t 0 c
    run_podman run -d --name c --network none --health-retries 2 --health-interval 1h checked sleep 1000
    is "$(podman inspect c | jq -c '.[0].Config.Healthcheck | [.Test[1], .Retries, .Interval]')" = '["echo from the image",2,3600000000000]'
    run_podman rm -f -t 0 c
    for off in --no-healthcheck "--health-cmd none"; do
        run_podman run -d --name c --network none $off checked sleep 1000
        run_podman 125 healthcheck run c
        is "$(podman ps --format '{{.Status}}')" !~ healthy
        run_podman rm -f -t 0 c
    done
    run_podman 125 run --no-healthcheck --health-cmd true busybox true
    run_podman 125 run --health-cmd "" busybox true
    run_podman 125 run --health-cmd true --health-timeout 10ms busybox true
    is "$output" =~ "must be at least 1 second"
    run_podman 125 run --health-cmd true --health-interval nonsense busybox true
    run_podman 125 run --health-cmd true --health-retries 0 busybox true
}

@test "health: logs in a directory; update" {
    mkdir "$TEST_DIR/log"
    with_check --health-interval disable --health-log-destination "$TEST_DIR/log"
    run_podman healthcheck run c
    is "$(jq -r '.Log[0].Output' "$TEST_DIR/log/$(podman inspect -f '{{.Id}}' c)-healthcheck.log")" = "looked"
    run_podman 125 create --health-cmd true --health-log-destination "$TEST_DIR/nosuch" busybox
    run_podman update --health-cmd 'echo another; false' --health-retries 1 --health-interval 100ms c
    run_podman wait --condition unhealthy c
    is "$(podman inspect c | jq -r '.[0].State.Health.Log[-1].Output')" = "another"
    run_podman update --no-healthcheck c
    run_podman 125 healthcheck run c
    run_podman restart -t 0 c
    is "$(podman ps --format '{{.Status}}')" !~ healthy
}
