using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Tests.Unit;

public sealed class AssignmentTests
{
    [Fact]
    public void The_sum_is_the_least_of_all_assignments()
    {
        var random = new Random(7);
        var assignment = new Assignment();
        for (int round = 0; round < 2000; round++)
        {
            int rows = random.Next(0, 6), columns = random.Next(0, 6);
            double unmatched = random.NextDouble() * 1.2;
            double[] cost = new double[rows * columns];
            for (int i = 0; i < cost.Length; i++)
            {
                cost[i] = random.Next(10) switch
                {
                    0 => double.PositiveInfinity,
                    1 => double.NaN,
                    2 => 0.5, // ties
                    _ => random.NextDouble(),
                };
            }

            int[] columnOf = new int[rows];
            assignment.Solve(cost, rows, columns, unmatched, columnOf);

            var taken = columnOf.Where(column => column != Assignment.None).ToList();
            Assert.Equal(taken.Count, taken.Distinct().Count());
            double sum = 0;
            for (int row = 0; row < rows; row++)
            {
                double price = columnOf[row] == Assignment.None ? unmatched : cost[(row * columns) + columnOf[row]];
                Assert.True(price <= unmatched, "a forbidden or too dear pair was made");
                sum += price;
            }

            Assert.Equal(Least(cost, rows, columns, unmatched, 0, 0), sum, 9);
        }
    }

    [Fact]
    public void A_row_stays_alone_rather_than_pay_more_than_that_costs()
    {
        int[] columnOf = new int[2];
        new Assignment().Solve([0.2, 0.9, 0.3, 0.95], 2, 2, 0.8, columnOf);
        Assert.Equal([0, Assignment.None], columnOf);
    }

    static double Least(double[] cost, int rows, int columns, double unmatched, int row, int used)
    {
        if (row == rows) return 0;
        double best = unmatched + Least(cost, rows, columns, unmatched, row + 1, used);
        for (int column = 0; column < columns; column++)
        {
            double price = cost[(row * columns) + column];
            if ((used & (1 << column)) != 0 || !(price <= unmatched)) continue;
            best = Math.Min(best, price + Least(cost, rows, columns, unmatched, row + 1, used | (1 << column)));
        }

        return best;
    }
}
