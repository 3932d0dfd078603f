-- Each thread has a pool of refresh tokens: a request takes the oldest, an answer puts its successor back.
-- Started by storm.py, which puts `token form` lines into the file named by EVERGRANT_CHAINS.

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  local count, line_number = tonumber(os.getenv("EVERGRANT_THREADS")), 0
  pool, first, last, rest = {}, 1, 0, {}
  for line in io.lines(os.getenv("EVERGRANT_CHAINS")) do
    if line_number % count == number then
      local token, form = line:match("^(%S+) (%S+)$")
      last = last + 1
      pool[last] = token
      -- The grant's id is the same in all its tokens: these characters are nothing but the id.
      rest[token:sub(11, 30)] = form
    end
    line_number = line_number + 1
  end
  renewed, refused, unavailable = 0, 0, 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.headers["User-Agent"] = os.getenv("EVERGRANT_AGENT")
end

function request()
  local token = pool[first]
  if not token then
    return wrk.format("GET", "/readyz")
  end
  pool[first] = nil
  first = first + 1
  local form = "grant_type=refresh_token&refresh_token=" .. token .. "&" .. rest[token:sub(11, 30)]
  return wrk.format(nil, "/token", nil, form)
end

function response(status, headers, body)
  local following = body:match('"refresh_token":"([^"]+)"')
  if status == 200 and following then
    last = last + 1
    pool[last] = following
    renewed = renewed + 1
  elseif status == 503 then
    unavailable = unavailable + 1
  else
    refused = refused + 1
  end
end

function done(summary, latency, requests)
  local renewed, refused, unavailable = 0, 0, 0
  for _, thread in ipairs(threads) do
    renewed = renewed + thread:get("renewed")
    refused = refused + thread:get("refused")
    unavailable = unavailable + thread:get("unavailable")
  end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"renewed": %d, "refused": %d, "unavailable": %d, "failed": %d, "us": %d, "p50": %d, "p99": %d, "max": %d}\n',
    renewed, refused, unavailable, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99), latency.max))
end
