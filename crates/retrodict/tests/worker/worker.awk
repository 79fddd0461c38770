BEGIN { print "{\"retrodict\": 1, \"parameters\": 2, \"data\": [2]}"; fflush() }
{
    srand($1)
    print $2 + rand(), $3 * rand()
    fflush()
}
