-- Tables, closures, strings and objects. Usage: lua mix.lua AMOUNT
local Account = {}
Account.__index = Account

function Account.new(balance) return setmetatable({balance = balance}, Account) end

function Account:deposit(amount) self.balance = self.balance + amount end

local function counter()
  local n = 0
  return function() n = n + 1; return n end
end

local function queens(n, row, columns, up, down)
  if row > n then return 1 end
  local found = 0
  for c = 1, n do
    if not (columns[c] or up[row + c] or down[row - c]) then
      columns[c], up[row + c], down[row - c] = true, true, true
      found = found + queens(n, row + 1, columns, up, down)
      columns[c], up[row + c], down[row - c] = nil, nil, nil
    end
  end
  return found
end

local total, words = 0, {}
for round = 1, tonumber(arg[1]) do
  local account, tick = Account.new(round), counter()
  for i = 1, 200 do account:deposit(tick() * 0.5) end
  for i = 1, 100 do
    local word = string.format("w%d", (i * round) % 97)
    words[word] = (words[word] or 0) + #word
  end
  local list = {}
  for i = 1, 100 do list[i] = (i * 7919 + round) % 1009 end
  table.sort(list)
  local text = table.concat(list, ",")
  for number in text:gmatch("%d+") do total = total + tonumber(number) end
  total = total + queens(5, 1, {}, {}, {}) + account.balance
end
print(total, words.w13)
