-- For wrk: GETs the paths that a file lists, one after the other. The argument is the path of that file.
local requests = {}
function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

local last = 0
function request()
  last = last % #requests + 1
  return requests[last]
end
