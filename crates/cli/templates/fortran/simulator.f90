! A mass on a spring, pulled to 1 and released: its position after 1, 2, ... 10 seconds,
! measured with an error of 0.2. Change `simulate` and the two numbers above it to make it yours.

module model
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  implicit none
  integer, parameter :: n_parameters = 2, n_data = 10

contains

  subroutine simulate(theta, x)
    real(real64), intent(in) :: theta(n_parameters)
    real(real64), intent(out) :: x(n_data)
    integer :: t
    do t = 1, n_data
      x(t) = exp(-theta(2) * t) * cos(theta(1) * t) + 0.2_real64 * normal()
    end do
  end subroutine simulate

  ! Standard normal (Box and Muller 1958).
  real(real64) function normal()
    real(real64) :: u(2)
    call random_number(u)
    normal = sqrt(-2 * log(1 - u(1))) * cos(2 * acos(-1.0_real64) * u(2))
  end function normal

  ! Starts the generator from one number.
  subroutine start_generator(seed)
    integer(int64), intent(in) :: seed
    integer, allocatable :: state(:)
    integer :: n, i
    call random_seed(size=n)
    allocate (state(n))
    do i = 1, n
      ! A different multiple of both halves of the seed for every word.
      state(i) = int(iand((i * 2654435761_int64) * (ishft(seed, -26) + 1) &
        + (i + 7) * iand(seed, 67108863_int64), 2147483647_int64), int32)
    end do
    call random_seed(put=state)
  end subroutine start_generator

end module model

! Says hello, then answers each line "seed theta1 theta2 ..." with one line of data. Anything that
! is no answer belongs on unit error_unit.
program simulator
  use model
  use, intrinsic :: iso_fortran_env, only: input_unit, output_unit
  implicit none
  integer(int64) :: seed
  real(real64) :: theta(n_parameters), x(n_data)
  integer :: status

  write (output_unit, '(a, i0, a, i0, a)') '{"retrodict": 1, "parameters": ', n_parameters, &
    ', "data": [', n_data, ']}'
  flush (output_unit)
  do
    read (input_unit, *, iostat=status) seed, theta
    if (status /= 0) exit
    call start_generator(seed)
    call simulate(theta, x)
    write (output_unit, '(*(es24.16e3, :, 1x))') x
    flush (output_unit)
  end do
end program simulator
