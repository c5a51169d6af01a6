/// What the values of a column of the dataset's tables are: the types of `Schemas/dataset/tables.csv`, by the names that
/// they have there.
public enum ColumnType: String, Hashable, Sendable {
    case string, boolean, integer, decimal, date, list
}
