# A mass on a spring, pulled to 1 and released: its position after 1, 2, ... 10 seconds,
# measured with an error of 0.2. Change `simulate` and the hello line to make it yours.

simulate <- function(theta) {
  omega <- theta[1]
  gamma <- theta[2]
  t <- 1:10
  exp(-gamma * t) * cos(omega * t) + rnorm(10, 0, 0.2)
}

# Say hello, then answer each line "seed theta1 theta2 ..." with one line of data. Use message()
# for anything that is no answer.
cat('{"retrodict": 1, "parameters": 2, "data": [10]}\n')
flush(stdout())
input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  numbers <- as.numeric(strsplit(line, " ")[[1]])
  set.seed(numbers[1])
  x <- tryCatch(simulate(numbers[-1]), error = function(e) conditionMessage(e))
  if (is.numeric(x)) {
    cat(format(x, digits = 17, trim = TRUE), sep = " ")
    cat("\n")
  } else {
    cat("failed ", gsub("\n", " ", x), "\n", sep = "")
  }
  flush(stdout())
}
