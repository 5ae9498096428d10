#!/usr/bin/env bash
# A client for the harness: operations come in as JSON lines, outcomes go out (harness docs client-programs). Needs curl.

# field NAME LINE: what a JSON line says of a field: a number, a text in its quotes, a list, null.
field() {
    [[ $2 =~ \"$1\":(\[[^]]*\]|\"[^\"]*\"|[^,}]*) ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# outcome TYPE [VALUE]: answers the operation in hand.
outcome() {
    printf '{"id":%s,"type":"%s"%s}\n' "$id" "$1" "${2:+,\"value\":$2}"
}

# failed STATUS: answers for an operation that curl did not carry out. Only where it could not connect is it certain
# that nothing was sent (curl ends with 7); anything else may have reached the node.
failed() {
    if [ "$1" -eq 7 ]; then outcome fail; else outcome info; fi
}

# request METHOD KEY [BODY]: asks your system; leaves the answer in $body and $status.
request() {
    local answer
    answer=$(curl --silent --noproxy '*' --max-time "$seconds" --request "$1" ${3:+--data-raw "$3"} \
        --write-out '\n%{http_code}' "http://$ip:8000/keys/$2") || return $?
    status=${answer##*$'\n'} body=${answer%$'\n'*}
}

IFS= read -r start
ip=$(field ip "$start") && ip=${ip//\"/}
deadline_ms=$(field deadline_ms "$start")
seconds=$((deadline_ms / 1000)).$(printf '%03d' $((deadline_ms % 1000)))
echo '{"ready":true}'

while IFS= read -r line; do
    id=$(field id "$line") key=$(field key "$line") value=$(field value "$line")
    case $(field f "$line") in
    '"read"')
        request GET "$key" || { failed $?; continue; }
        if [ "$status" = 200 ]; then outcome ok "$body"; else outcome fail; fi
        ;;
    '"write"')
        request PUT "$key" "$value" || { failed $?; continue; }
        if [ "$status" = 200 ]; then outcome ok; else outcome info; fi
        ;;
    '"cas"')
        IFS=, read -r old new <<<"${value//[\[\]]/}"
        request POST "$key" "{\"old\":$old,\"new\":$new}" || { failed $?; continue; }
        case $status in 200) outcome ok ;; 409) outcome fail ;; *) outcome info ;; esac
        ;;
    *) outcome fail ;;
    esac
done
