# A mass on a spring, pulled to 1 and released: its position after 1, 2, … 10 seconds,
# measured with an error of 0.2. Change `simulate!` and the two numbers below it to make it yours.

using Random

function simulate!(x, theta, rng)
    omega, gamma = theta
    for t in eachindex(x)
        x[t] = exp(-gamma * t) * cos(omega * t) + 0.2 * randn(rng)
    end
end

const N_PARAMETERS = 2
const N_DATA = 10

# Say hello, then answer batches until the input ends. Use `println(stderr, …)` for anything that
# is no answer.
function serve()
    println("{\"retrodict\": 1, \"parameters\": $N_PARAMETERS, \"data\": [$N_DATA]}")
    flush(stdout)
    while !eof(stdin)
        n = Int(ltoh(read(stdin, UInt32)))
        seeds = ltoh.(read!(stdin, Vector{UInt64}(undef, n)))
        theta = ltoh.(read!(stdin, Matrix{Float64}(undef, N_PARAMETERS, n)))
        status = zeros(UInt8, n)
        x = fill(NaN, N_DATA, n)
        for i in 1:n
            try
                simulate!(view(x, :, i), view(theta, :, i), MersenneTwister(seeds[i]))
            catch problem
                println(stderr, "simulation failed: ", problem)
                status[i] = 1
            end
        end
        write(stdout, status)
        write(stdout, htol.(x))
        flush(stdout)
    end
end

serve()
