"""Files made from results: pictures, animations, arrays, tables and scripts. numpy and Pillow only."""
