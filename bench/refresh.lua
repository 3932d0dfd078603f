-- One thread is one connection is one chain of refresh tokens: each answer's token is the next request's.
-- Started by refresh.py, which puts one form body a line into the file named by EVERGRANT_CHAINS.

local chains = 0

function setup(thread)
  chains = chains + 1
  thread:set("chain", chains)
end

function init(args)
  local number = 0
  for line in io.lines(os.getenv("EVERGRANT_CHAINS")) do
    number = number + 1
    if number == chain then
      token, rest = line:match("^(%S+) (%S+)$")
    end
  end
  renewed, refused = 0, 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
  return wrk.format(nil, "/token", nil, "grant_type=refresh_token&refresh_token=" .. token .. "&" .. rest)
end

function response(status, headers, body)
  local following = body:match('"refresh_token":"([^"]+)"')
  if status == 200 and following then
    token = following
    renewed = renewed + 1
  else
    refused = refused + 1
  end
end

local threads = {}
local remember = setup
function setup(thread)
  remember(thread)
  table.insert(threads, thread)
end

function done(summary, latency, requests)
  local renewed, refused = 0, 0
  for _, thread in ipairs(threads) do
    renewed = renewed + thread:get("renewed")
    refused = refused + thread:get("refused")
  end
  io.write(string.format(
    'RESULT {"renewed": %d, "refused": %d, "microseconds": %d, "p50_us": %d, "p99_us": %d}\n',
    renewed, refused, summary.duration, latency:percentile(50), latency:percentile(99)))
end
