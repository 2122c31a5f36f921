-- For wrk: PUTs files of 4 KiB, each under a name of its own.
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local body = string.rep("Sluice\1\2", 512)
local count = 0
function request()
  count = count + 1
  return wrk.format("PUT", "/" .. number .. "-" .. count, nil, body)
end
