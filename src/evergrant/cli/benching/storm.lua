-- Drives one endpoint. EVERGRANT_BENCH_WORK names a file, one fact a line:
--   threads 2
--   path /token
--   header Content-Type: application/x-www-form-urlencoded
--   kind chain         each item serves once; the refresh token in its answer is the next one
--   kind circle        items are sent over and over
--   expect "active":true
--   prefix grant_type=refresh_token&refresh_token=
--   suffix &client_id=...
--   item TOKEN
--
-- Items are a pool per thread: whichever connection is free carries the next one. A token is in flight on one connection at
-- a time and its successor is in the answer, so nothing has to be remembered per connection.

local numbered = 0
local threads = {}

function setup(thread)
  numbered = numbered + 1
  thread:set("number", numbered)
  table.insert(threads, thread)
end

local function read()
  local facts, head, items, lines = { prefix = "", suffix = "", expect = "" }, "", {}, 0
  for line in io.lines(os.getenv("EVERGRANT_BENCH_WORK")) do
    local name, value = line:match("^(%S+) ?(.*)$")
    if name == "item" then
      lines = lines + 1
      if (lines - 1) % facts.threads == number - 1 then
        table.insert(items, value)
      end
    elseif name == "header" then
      head = head .. value .. "\r\n"
    else
      facts[name] = value
    end
  end
  return facts, head, items
end

function init(args)
  local facts, head, items = read()
  chained, expect, prefix, suffix = facts.kind == "chain", facts.expect, facts.prefix, facts.suffix
  opening = "POST " .. facts.path .. " HTTP/1.1\r\n" .. head .. "Content-Length: "
  nothing = "GET /healthz HTTP/1.1\r\n" .. head .. "\r\n"
  first, last, pool = 1, #items, items
  answered, refused, starved, refusal = 0, 0, 0, ""
  -- wrk asks the first thread for one request that it only looks at.
  looked_at = number ~= 1
end

function request()
  if not looked_at then
    looked_at = true
    return nothing
  end
  if first > last then
    starved = starved + 1
    return nothing
  end
  local item = pool[first]
  pool[first] = nil
  first = first + 1
  if not chained then
    last = last + 1
    pool[last] = item
  end
  local body = prefix .. item .. suffix
  return opening .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  local successor = chained and body:match('"refresh_token" ?: ?"([^"]+)"')
  if status ~= 200 or (chained and not successor) or not body:find(expect, 1, true) then
    refused = refused + 1
    if refusal == "" then
      refusal = status .. " " .. body:sub(1, 200):gsub('[%c"\\]', " ")
    end
    return
  end
  if chained then
    last = last + 1
    pool[last] = successor
  end
  answered = answered + 1
end

function done(summary, latency, requests)
  local sums, first_refusal = { answered = 0, refused = 0, starved = 0 }, ""
  for _, thread in ipairs(threads) do
    for name, sum in pairs(sums) do
      sums[name] = sum + thread:get(name)
    end
    if first_refusal == "" then
      first_refusal = thread:get("refusal")
    end
  end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"answered": %d, "refused": %d, "starved": %d, "broken": %d, "microseconds": %d, "p50_us": %d, "p99_us": %d, '
      .. '"refusal": "%s"}\n',
    sums.answered, sums.refused, sums.starved, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99), first_refusal))
end
